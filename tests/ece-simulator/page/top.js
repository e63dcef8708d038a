// The head of the page: whose desk it is, whether ECE is up, and the agent's own switches.

import { button, h, show, text, toggle, value } from "./dom.js";
import * as api from "./api.js";

export class Top {
  #page;
  #name = h("strong", { testid: "agent-name", dir: "auto" });
  #room = h("span", { class: "dim", testid: "agent-room" });
  #ready = toggle("Ready", "agent-ready", (ready) => this.#change({ ready }));
  #auto = toggle("Auto pick-up", "agent-auto", (auto) => this.#change({ pick_up: auto ? "auto" : "manual" }));
  #capacity = h("input", { type: "number", min: 0, max: 999, testid: "agent-capacity", "aria-label": "Conversations at once" });
  #agent;
  #leave;
  #views;
  #outage = h("span", { class: "chip bad", testid: "outage-chip" });
  element;

  constructor(page) {
    this.#page = page;
    this.#capacity.addEventListener("change", () => {
      if (this.#capacity.checkValidity()) this.#change({ capacity: Number(this.#capacity.value) });
    });
    this.#views = ["desk", "set-up"].map((view) =>
      button(view === "desk" ? "Desk" : "ECE set-up", `view-${view}`, () => page.open(view), { class: "tab" }),
    );
    this.#agent = h(
      "div",
      { class: "agent-bar" },
      h("span", { class: "who" }, this.#name, h("span", { class: "inline" }, this.#room, this.#capacity)),
      this.#ready,
      this.#auto,
    );
    this.#leave = button("Sign out", "sign-out", () => this.#signOut(), { class: "quiet leave" });
    this.element = h(
      "div",
      { class: "top-row" },
      h("div", { class: "brand chrome" }, h("span", { class: "mark", "aria-hidden": "true" }), h("span", {}, "ECE stand-in")),
      h("nav", { class: "tabs chrome", "aria-label": "Views" }, this.#views),
      this.#outage,
      this.#agent,
      this.#leave,
    );
  }

  update() {
    const { live, agent: name, view } = this.#page;
    const agent = name === null ? undefined : live.agent(name);
    for (const tab of this.#views) {
      if (tab.dataset.testid === `view-${view}`) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    show(this.#outage, live.state.outage !== "none");
    text(this.#outage, `ECE is down: ${live.state.outage}`);
    show(this.#agent, agent !== undefined);
    show(this.#leave, agent !== undefined);
    if (!agent) return;
    text(this.#name, agent.screen_name);
    text(this.#room, `${agent.active} of`);
    this.#ready.box.checked = agent.ready;
    this.#auto.box.checked = agent.pick_up === "auto";
    value(this.#capacity, agent.capacity);
  }

  async #change(changes) {
    await api.changeAgent(this.#page.agent, changes);
  }

  /** What the agent still has goes back to its queue: nobody would answer there. */
  async #signOut() {
    const { live, agent } = this.#page;
    const held = [...live.conversations.values()].filter((record) => record.phase.with_agent === agent);
    const question = `You have ${held.length} open ${held.length === 1 ? "conversation" : "conversations"}. Put back into the queue and sign out?`;
    if (held.length && !confirm(question)) return;
    await api.changeAgent(agent, { ready: false });
    for (const record of held) await api.act(record.id, { do: "transfer_to_queue", entry_point: record.entry_point });
    await this.#page.signOut();
  }
}
