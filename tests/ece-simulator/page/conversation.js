// The open conversation: what was said, what the agent can do, and where the agent writes.

import { button, dialog, h, labelled, show, text } from "./dom.js";
import { Transcript } from "./transcript.js";
import { Composer } from "./composer.js";
import { customerName, holder } from "./record.js";
import * as api from "./api.js";

export class Conversation {
  #page;
  #record = null;
  #mine = false;
  #name = h("h2", { dir: "auto", testid: "customer-name", tabindex: -1 });
  #where = h("p", { class: "dim", testid: "conversation-phase" });
  #pickUp;
  #held;
  #transcript;
  #composer;
  #transfer;
  #push;
  element;

  /** @param back goes to the list @param details shows the customer, both where there is no room for all */
  constructor(page, back, details) {
    this.#page = page;
    this.#transcript = new Transcript(page);
    this.#composer = new Composer(page);
    this.#transfer = new TransferDialog(page);
    this.#push = new PushDialog();
    this.#pickUp = button("Pick up", "pick-up", () => this.#pick(), { class: "primary" });
    this.#held = h(
      "div",
      { class: "acts" },
      button("Transfer…", "transfer", () => this.#transfer.open(this.#record)),
      button("Push a page…", "push-page", () => this.#push.open(this.#record)),
      button("Close", "close-conversation", () => api.act(this.#record.id, { do: "complete" }), { class: "danger" }),
    );
    this.element = h(
      "article",
      { class: "conversation", hidden: true, "aria-label": "Conversation" },
      h(
        "header",
        {},
        button("‹ List", "back-to-list", back, { class: "quiet back" }),
        h("div", { class: "title" }, this.#name, this.#where),
        button("Customer", "show-details", details, { class: "quiet more" }),
        this.#pickUp,
        this.#held,
      ),
      this.#transcript.element,
      this.#composer.element,
      this.#transfer.element,
      this.#push.element,
    );
  }

  focus() {
    if (this.#composer.usable) this.#composer.focus();
    else if (!this.#pickUp.hidden) this.#pickUp.focus();
    else this.#name.focus();
  }

  update(record) {
    this.#record = record;
    this.element.dataset.conversation = record.id;
    const { at, name } = holder(record);
    const mine = at === "agent" && name === this.#page.agent;
    if (this.#mine && !mine) this.#keepFocus();
    this.#mine = mine;
    text(this.#name, customerName(record));
    text(this.#where, this.#told(at, name, record));
    show(this.#pickUp, at === "waiting");
    this.#mayPick();
    show(this.#held, mine);
    this.#transcript.update(record, mine);
    this.#composer.update(record, mine);
    this.#transfer.update();
  }

  #told(at, name, record) {
    const { live, agent } = this.#page;
    const point = live.entryPoint(record.entry_point)?.name ?? record.entry_point;
    if (at === "ended") return `Ended · ${point}`;
    if (at === "waiting") return record.reserved_for ? `Waits for ${live.screenName(record.reserved_for)} · ${point}` : `Waits in ${point}`;
    return name === agent ? `With you · ${point}` : `With ${live.screenName(name)} · ${point}`;
  }

  /** What had the focus may be gone with the conversation. */
  #keepFocus() {
    requestAnimationFrame(() => {
      const focused = document.activeElement;
      if (focused === document.body || !focused.checkVisibility()) this.#name.focus();
    });
  }

  #mayPick() {
    const agent = this.#page.live.agent(this.#page.agent);
    const full = agent.active >= agent.capacity;
    this.#pickUp.setAttribute("aria-disabled", String(full));
    this.#pickUp.title = full ? "You have as many conversations as you can hold at once." : "";
  }

  async #pick() {
    await api.act(this.#record.id, { do: "pick_up", agent: this.#page.agent });
    this.#composer.focusSoon();
  }
}

class TransferDialog {
  #page;
  #record;
  #to = h("select", { testid: "transfer-to", required: true });
  #department = h("input", { testid: "transfer-department", dir: "auto" });
  #named;
  element;

  constructor(page) {
    this.#page = page;
    this.#named = labelled("Department", this.#department, "ECE tells the customer its name; the conversation stays in its queue.");
    this.#to.addEventListener("change", () => this.#choose());
    this.element = dialog("transfer", "Transfer the conversation", "Transfer", [labelled("To", this.#to), this.#named], () => this.#go());
  }

  open(record) {
    this.#record = record;
    const { live, agent } = this.#page;
    const colleagues = live.state.agents.filter((one) => one.name !== agent);
    const signedIn = (one) => (one.signed_in ? "" : " (signed out)");
    const option = (value, label) => h("option", { value }, label);
    const groups = [
      ["Agents", colleagues.map((one) => option(`agent:${one.name}`, `${one.screen_name}${signedIn(one)}`))],
      ["Queues", live.state.entry_points.map((point) => option(`queue:${point.id}`, `${point.name} (${point.id})`))],
      ["Elsewhere", [option("department:", "A department…")]],
    ];
    this.#to.replaceChildren(...groups.filter(([, options]) => options.length).map(([label, options]) => h("optgroup", { label }, options)));
    this.#choose();
    this.element.showModal();
  }

  update() {
    if (this.element.open && holder(this.#page.live.conversations.get(this.#record.id) ?? { phase: "finished" }).at === "ended") this.element.close();
  }

  #choose() {
    const department = this.#to.value === "department:";
    show(this.#named, department);
    this.#department.required = department;
  }

  async #go() {
    const [kind, ...rest] = this.#to.value.split(":");
    const to = rest.join(":");
    const acts = {
      agent: () => ({ do: "transfer_to_agent", agent: to }),
      queue: () => ({ do: "transfer_to_queue", entry_point: Number(to) }),
      department: () => ({ do: "transfer_to_department", name: this.#department.value.trim() }),
    };
    await api.act(this.#record.id, acts[kind]());
  }
}

class PushDialog {
  #record;
  #url = h("input", { type: "url", required: true, placeholder: "https://", testid: "push-page-url" });
  element = dialog("push-page", "Push a page", "Push", [labelled("Address", this.#url, "The customer is shown it as a link.")], async () => {
    await api.act(this.#record.id, { do: "push_page", url: this.#url.value });
    this.#url.value = "";
  });

  open(record) {
    this.#record = record;
    this.element.showModal();
  }
}
