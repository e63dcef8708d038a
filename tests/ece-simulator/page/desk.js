// The desk of one agent: the list of conversations, the one that is open, and who the customer is.

import { announce, button, h, show, text } from "./dom.js";
import { List } from "./list.js";
import { Conversation } from "./conversation.js";
import { Details } from "./details.js";
import { customerName, heard, holder } from "./record.js";
import * as api from "./api.js";

export class Desk {
  #page;
  /** Id of the open conversation. */
  #open = null;
  /** How much of each conversation was shown, by id. */
  #read = new Map();
  /** Conversations waiting, as last told to a screen reader. */
  #waiting = null;
  #list;
  #conversation;
  #details = new Details();
  #nobody = h("div", { class: "nobody" }, h("p", {}, "Pick a conversation from the list."));
  #scripted;
  #scriptedText = h("span", {});
  #columns;
  element;

  constructor(page) {
    this.#page = page;
    this.#list = new List(page, (id) => this.open(id));
    this.#conversation = new Conversation(page, () => this.open(null), () => this.#columns.classList.toggle("with-details"));
    this.#scripted = h(
      "p",
      { class: "hint", testid: "scripted-hint" },
      this.#scriptedText,
      button("Sign them out", "sign-out-scripted", () => this.#restScripted(), { class: "quiet" }),
    );
    this.#columns = h("div", { class: "columns" }, this.#list.element, h("div", { class: "middle" }, this.#nobody, this.#conversation.element), this.#details.element);
    this.element = h("section", { class: "desk", "aria-label": "Desk", hidden: true }, this.#scripted, this.#columns);
  }

  open(id) {
    this.#open = id;
    this.update();
    if (id === null) this.#list.element.focus();
    else this.#conversation.focus();
  }

  /** Conversations of this agent with something that was not shown yet. */
  unread() {
    return this.#mine().filter((record) => this.#unreadIn(record) > 0).length;
  }

  update() {
    const { live } = this.#page;
    const record = this.#open === null ? undefined : live.conversations.get(this.#open);
    if (record && document.visibilityState === "visible") this.#read.set(record.id, heard(record));
    this.#hint();
    this.#list.update(this.#open, (one) => this.#unreadIn(one));
    this.#columns.classList.toggle("one-open", record !== undefined);
    show(this.#nobody, record === undefined);
    show(this.#conversation.element, record !== undefined);
    show(this.#details.element, record !== undefined);
    if (record) {
      this.#conversation.update(record);
      this.#details.update(record, live);
    }
    this.#announce();
  }

  #mine() {
    return [...this.#page.live.conversations.values()].filter((record) => record.phase.with_agent === this.#page.agent);
  }

  #unreadIn(record) {
    if (holder(record).at === "ended") return 0;
    return heard(record) - (this.#read.get(record.id) ?? 0);
  }

  #announce() {
    const waiting = this.#list.waiting.map((record) => record.id);
    const fresh = this.#list.waiting.filter((record) => this.#waiting && !this.#waiting.includes(record.id));
    if (fresh.length) announce(fresh.map((record) => `${customerName(record)} waits for an agent.`).join(" "));
    this.#waiting = waiting;
  }

  /** Those who take conversations that this agent could have. */
  #scriptedNow() {
    const { agents } = this.#page.live.state;
    const ours = agents.find((agent) => agent.name === this.#page.agent)?.entry_points ?? [];
    const takes = (agent) => agent.scripted && agent.signed_in && agent.pick_up === "auto" && agent.entry_points.some((point) => ours.includes(point));
    return agents.filter((agent) => agent.name !== this.#page.agent && takes(agent));
  }

  #hint() {
    const names = this.#scriptedNow().map((agent) => agent.screen_name).join(", ");
    show(this.#scripted, names !== "");
    text(this.#scriptedText, `${names} answers by script and picks up before anybody can.`);
  }

  async #restScripted() {
    for (const agent of this.#scriptedNow()) await api.changeAgent(agent.name, { signed_in: false });
  }
}
