// Who the customer is and what came along: summary, contact, attributes, as ECE would show them.

import { clock, h, keyed, show, text } from "./dom.js";
import { addresses, customerName } from "./record.js";

export class Details {
  #summary = h("p", { dir: "auto", testid: "summary" });
  #contact = facts("contact");
  #attributes = facts("attributes");
  #none = h("p", { class: "dim" }, "None came with the conversation.");
  #about = facts("about");
  #raw = h("pre", { dir: "auto", testid: "raw-customer" });
  element;

  constructor() {
    this.element = h(
      "aside",
      { class: "details", "aria-label": "Customer and conversation", hidden: true },
      h("section", {}, h("h2", {}, "Summary"), this.#summary),
      h("section", {}, h("h2", {}, "Customer"), this.#contact),
      h("section", {}, h("h2", {}, "Attributes"), this.#attributes, this.#none),
      h("section", {}, h("h2", {}, "Conversation"), this.#about),
      h("details", {}, h("summary", {}, "Contact as it came"), this.#raw),
    );
  }

  update(record, live) {
    text(this.#summary, record.subject || "No summary.");
    fill(this.#contact, [["Name", customerName(record)], ...addresses(record).map(({ kind, value }) => [kind.charAt(0).toUpperCase() + kind.slice(1), value]), ["Language", record.language ?? ""]]);
    fill(this.#attributes, record.custom_attributes.map(([name, values]) => [name, values.join(", ")]));
    show(this.#none, record.custom_attributes.length === 0);
    fill(this.#about, [
      ["Entry point", `${live.entryPoint(record.entry_point)?.name ?? ""} ${record.entry_point}`],
      ["Began", clock(record.started_at_ms)],
      ["Activity", record.activity_id],
      ["Conversation", record.id],
      ["Contact found by", record.anonymous ? "nothing: anonymous" : (record.search_attribute ?? "")],
      ["Client", record.client],
      ["Typing is told", record.typing_reported ? "yes" : "no"],
    ]);
    text(this.#raw, JSON.stringify(record.customer, null, 2));
  }
}

function facts(testid) {
  return h("dl", { testid });
}

function fill(list, pairs) {
  const given = pairs.filter(([, value]) => value !== "");
  keyed(list, given, ([name, value]) => `${name} ${value}`, ([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { dir: "auto" }, value)));
}
