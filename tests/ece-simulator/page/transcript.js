// What was said, as it grows. New lines are told to screen readers; lines change in place.

import { button, bytes, clock, h, keyed, show, text } from "./dom.js";
import { customerTypes, transcript } from "./record.js";
import * as api from "./api.js";

/** Nearer than this to the end, in px, the transcript follows what is new. */
const NEAR_END = 80;

export class Transcript {
  #page;
  #id = null;
  #mine = false;
  #lines = h("div", { class: "lines", role: "log", "aria-live": "polite", "aria-label": "Transcript", testid: "transcript" });
  #follows = true;
  #typing = h("p", { class: "typing", testid: "customer-typing", role: "status" });
  element;

  constructor(page) {
    this.#page = page;
    this.element = h("div", { class: "transcript", tabindex: 0, role: "region", "aria-label": "What was said" }, this.#lines, this.#typing);
    const box = this.element;
    box.addEventListener("scroll", () => (this.#follows = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END));
    // The field below grows, the window turns: what is new stays in sight.
    new ResizeObserver(() => this.#follow()).observe(box);
  }

  update(record, mine) {
    if (this.#id !== record.id) {
      this.#lines.replaceChildren();
      this.#follows = true;
    }
    this.#id = record.id;
    this.#mine = mine;
    keyed(this.#lines, transcript(record), (line) => line.key, (line) => this.#line(line));
    text(this.#typing, customerTypes(record) ? "The customer is typing…" : "");
    this.#follow();
  }

  #follow() {
    if (this.#follows) this.element.scrollTop = this.element.scrollHeight;
  }

  #line(line) {
    if (line.side === "note") return this.#note(line);
    const time = h("time", {}, clock(line.at));
    const state = h("span", { class: "mark-delivered", testid: "delivered" });
    const who = h("span", { class: "sr" }, line.side === "agent" ? `${this.#page.live.screenName(line.by)}: ` : "Customer: ");
    const body = this.#body(line);
    const by = line.side === "agent" && line.by !== this.#page.agent ? this.#page.live.screenName(line.by) : "";
    const foot = h("footer", {}, by && h("span", { dir: "auto" }, by), line.html && h("span", { class: "tag" }, "HTML"), time, line.side === "agent" && state);
    const element = h("div", { class: `line-${line.side}`, testid: `line-${line.side}` }, h("div", { class: "bubble" }, who, body, foot));
    element.update = (now) => {
      body.update?.(now);
      // The webhook's answer is what ECE knows of it.
      text(state, now.delivered ? "✓" : "waits for the webhook");
      state.title = now.delivered ? "The webhook has it." : "";
      state.dataset.delivered = now.delivered ? "yes" : "no";
      element.classList.toggle("pending", now.side === "agent" && !now.delivered);
    };
    return element;
  }

  #note(line) {
    return h("div", { class: "line-note", testid: "line-note" }, h("span", { dir: "auto" }, line.text), " ", h("time", {}, clock(line.at)));
  }

  #body(line) {
    if (line.file) return this.#customersFile(line);
    if (line.sentFile) {
      const { id, name, size } = line.sentFile;
      return h("p", { class: "file" }, "Sent ", h("a", { href: api.agentFile(id), download: name, dir: "auto", testid: "sent-file" }, name), h("small", {}, bytes(size)));
    }
    if (line.page !== undefined) return h("p", { class: "file" }, "Pushed ", h("bdi", { class: "address" }, line.page));
    return h("p", { class: "words", dir: "auto" }, line.text);
  }

  #customersFile({ arrival, file }) {
    const id = this.#id;
    const name = h("span", { dir: "auto", testid: "file-name" }, file.name || "file");
    const link = h("a", { href: api.customerFile(id, arrival), download: file.name || "file", dir: "auto", testid: "download-file" }, file.name || "file");
    const what = h("small", {}, [file.content_type, file.size && bytes(file.size)].filter(Boolean).join(", "));
    const state = h("small", { testid: "file-state" });
    const acts = h(
      "span",
      { class: "acts" },
      button("Accept", "accept-file", () => api.decideFile(id, arrival, true), { class: "primary" }),
      button("Reject", "reject-file", () => api.decideFile(id, arrival, false)),
    );
    const element = h("div", { class: "file" }, name, link, what, state, acts);
    element.update = ({ file: now }) => {
      const here = now.fetched?.Ok !== undefined;
      show(name, !here);
      show(link, here);
      show(acts, now.state === "offered" && this.#mine);
      text(state, fileState(now));
      if (here) link.title = `SHA-256 ${now.fetched.Ok.sha256}`;
    };
    return element;
  }
}

function fileState({ state, fetched }) {
  if (state === "offered") return "offered";
  if (state === "rejected") return "rejected";
  if (!fetched) return "downloading…";
  return fetched.Err === undefined ? "accepted" : `download failed: ${fetched.Err}`;
}
