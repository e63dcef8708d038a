// The conversations: waiting for this agent, with this agent, with colleagues, ended.

import { clock, h, keyed, show, text } from "./dom.js";
import { customerName, holder, lastAt, lastLine } from "./record.js";

const ENDED_SHOWN = 20;

export class List {
  /** Those that this agent can pick up, first come first. */
  waiting = [];
  #page;
  #open;
  #groups;
  element;

  constructor(page, open) {
    this.#page = page;
    this.#open = open;
    this.#groups = {
      waiting: group("Waiting", "waiting", "Nobody waits."),
      mine: group("Mine", "mine", "You have no conversation."),
      others: group("Colleagues", "others", ""),
      ended: group("Ended", "ended", ""),
    };
    const groups = Object.values(this.#groups).map((one) => one.element);
    this.element = h("nav", { class: "list", "aria-label": "Conversations", tabindex: -1 }, groups);
  }

  update(openId, unreadIn) {
    const { live, agent: name } = this.#page;
    const records = [...live.conversations.values()];
    const agent = live.agent(name);
    const is = (where) => (record) => holder(record).at === where;
    const forMe = (record) => (record.reserved_for ? record.reserved_for === name : agent.entry_points.includes(record.entry_point));
    this.waiting = records.filter(is("waiting")).filter(forMe);
    const others = records.filter((record) => (is("agent")(record) && record.phase.with_agent !== name) || (is("waiting")(record) && !forMe(record)));
    this.#fill("waiting", this.waiting, openId, unreadIn);
    this.#fill("mine", records.filter((record) => record.phase.with_agent === name).sort((a, b) => lastAt(b) - lastAt(a)), openId, unreadIn);
    this.#fill("others", others, openId, () => 0);
    this.#fill("ended", records.filter(is("ended")).reverse().slice(0, ENDED_SHOWN), openId, () => 0);
  }

  #fill(name, records, openId, unreadIn) {
    const { element, list, count, empty } = this.#groups[name];
    keyed(list, records, (record) => record.id, () => this.#entry());
    for (const item of list.children) item.mark(openId, unreadIn);
    text(count, String(records.length));
    show(empty, records.length === 0);
    show(element, records.length > 0 || empty.textContent !== "");
  }

  #entry() {
    const name = h("strong", { dir: "auto" });
    const time = h("time", {});
    const last = h("span", { class: "last", dir: "auto" });
    const where = h("span", { class: "chip" });
    const unread = h("span", { class: "count", testid: "unread" });
    const button = h("button", { type: "button", class: "entry", testid: "conversation" }, h("span", { class: "line" }, name, time), h("span", { class: "line" }, last, unread), where);
    const element = h("li", {}, button);
    let record;
    element.update = (now) => {
      record = now;
      button.dataset.conversation = now.id;
      button.onclick = () => this.#open(now.id);
      text(name, customerName(now));
      text(time, clock(lastAt(now)));
      text(last, lastLine(now));
      text(where, this.#where(now));
    };
    element.mark = (openId, unreadIn) => {
      if (record.id === openId) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      const count = record.id === openId ? 0 : unreadIn(record);
      show(unread, count > 0);
      text(unread, String(count));
      unread.setAttribute("aria-label", `${count} unread`);
    };
    return element;
  }

  #where(record) {
    const { live, agent } = this.#page;
    const point = live.entryPoint(record.entry_point)?.name ?? String(record.entry_point);
    const { at, name } = holder(record);
    if (at === "agent" && name !== agent) return `${point} · ${live.screenName(name)}`;
    if (record.reserved_for === agent) return `${point} · handed to you`;
    return record.reserved_for ? `${point} · for ${live.screenName(record.reserved_for)}` : point;
  }
}

function group(title, testid, nothing) {
  const count = h("span", { class: "dim" });
  const list = h("ul", { testid: `list-${testid}` });
  const empty = h("p", { class: "dim empty" }, nothing);
  const element = h("section", {}, h("h2", {}, title, " ", count), list, empty);
  return { element, list, count, empty };
}
