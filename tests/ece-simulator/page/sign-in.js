// Who works in this tab: an agent of the configuration, or a new one.

import { busy, h, keyed, labelled, show, text } from "./dom.js";

export class SignIn {
  #page;
  #agents = h("div", { class: "people", role: "group", "aria-label": "Agents" });
  #name = h("input", { name: "agent", required: true, maxlength: 64, autocomplete: "off", testid: "sign-in-name", dir: "auto" });
  #screen = h("input", { name: "screen", maxlength: 64, autocomplete: "off", testid: "sign-in-screen-name", dir: "auto" });
  #points = h("div", { class: "checks" });
  #chosen = new Map();
  #asked = false;
  element;

  constructor(page) {
    this.#page = page;
    const form = h(
      "form",
      { class: "stack", testid: "sign-in-form" },
      labelled("User name", this.#name, "A name that ECE does not know yet becomes a new agent."),
      labelled("Screen name", this.#screen, "What customers see; left blank it stays as it is."),
      h("fieldset", {}, h("legend", {}, "Entry points"), this.#points),
      h("button", { class: "primary", testid: "sign-in-submit" }, "Sign in"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(form, () => page.signIn(this.#name.value.trim(), this.#more()));
    });
    this.element = h(
      "section",
      { class: "sign-in card", "aria-labelledby": "sign-in-title", hidden: true },
      h("h2", { id: "sign-in-title" }, "Sign in"),
      h("p", { class: "dim" }, "Each tab of the browser is one agent. Open another tab to be two."),
      this.#agents,
      form,
    );
  }

  update() {
    const { state } = this.#page.live;
    if (this.#page.asked && !this.#asked) {
      this.#asked = true;
      this.#name.value = this.#page.asked;
    }
    keyed(this.#agents, state.agents, (agent) => agent.name, () => this.#person());
    show(this.#agents, state.agents.length > 0);
    keyed(this.#points, state.entry_points, (point) => String(point.id), (point) => this.#point(point));
  }

  /** One click takes an agent that is known. */
  #person() {
    const name = h("strong", { dir: "auto" });
    const what = h("small", {});
    const element = h("button", { type: "button", class: "person" }, name, what);
    element.update = (agent) => {
      element.dataset.testid = `sign-in-as-${agent.name}`;
      element.onclick = () => busy(element, () => this.#page.signIn(agent.name));
      text(name, agent.screen_name);
      const at = agent.signed_in ? "signed in" : "signed out";
      text(what, agent.scripted ? `${at} · answers by itself` : at);
    };
    return element;
  }

  #point(point) {
    const box = h("input", { type: "checkbox", checked: true, testid: `sign-in-entry-point-${point.id}` });
    this.#chosen.set(point.id, box);
    return h("label", { class: "check" }, box, h("span", { dir: "auto" }, point.name), h("small", {}, String(point.id)));
  }

  #more() {
    const chosen = [...this.#chosen].filter(([, box]) => box.checked).map(([id]) => id);
    const screen = this.#screen.value.trim();
    return { entry_points: chosen, ...(screen && { screen_name: screen }) };
  }
}
