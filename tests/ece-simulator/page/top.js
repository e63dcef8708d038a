// The head of the page: whose desk it is, whether ECE is up, and the agent's own switches.

import { button, dialog, h, show, text, toggle, value } from "./dom.js";
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
  #question = h("p", { id: "leave-question", testid: "leave-question" });
  #asked;
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
    this.#leave = button("Sign out", "sign-out", () => this.#leaving(), { class: "quiet leave" });
    this.#asked = dialog("leave", "Sign out?", "Sign out", this.#question, () => this.#signOut());
    this.#asked.setAttribute("aria-describedby", "leave-question");
    this.element = h(
      "div",
      { class: "top-row" },
      h("div", { class: "brand chrome" }, h("span", { class: "mark", "aria-hidden": "true" }), h("span", {}, "ECE stand-in")),
      h("nav", { class: "tabs chrome", "aria-label": "Views" }, this.#views),
      this.#outage,
      this.#agent,
      this.#leave,
      this.#asked,
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

  #held() {
    const { live, agent } = this.#page;
    return [...live.conversations.values()].filter((record) => record.phase.with_agent === agent);
  }

  /** Asks first when customers would be left waiting. */
  async #leaving() {
    const count = this.#held().length;
    if (!count) return this.#signOut();
    const chats = count === 1 ? "one open conversation: it goes" : `${count} open conversations: they go`;
    text(this.#question, `You have ${chats} back into the queue.`);
    this.#asked.showModal();
  }

  /** What the agent still has goes back to its queue: nobody would answer there. */
  async #signOut() {
    await api.changeAgent(this.#page.agent, { ready: false });
    for (const record of this.#held()) await api.act(record.id, { do: "transfer_to_queue", entry_point: record.entry_point });
    await this.#page.signOut();
  }
}
