// Where the agent writes. Enter sends, Shift and Enter begin a line. The customer is told of typing
// when a first character stands there, and of its end when the agent sends, empties or pauses.

import { busy, button, bytes, h, show, text } from "./dom.js";
import * as api from "./api.js";

const PAUSE_MS = 4000;
const FILE_BYTES_MAX = 32 * 1024 * 1024;

export class Composer {
  #page;
  #record = null;
  #usable = false;
  #focusDue = false;
  /** What is written and not sent, by conversation. */
  #drafts = new Map();
  /** Id of the conversation whose customer believes that the agent types. */
  #typingIn = null;
  #pause = 0;
  #box = h("textarea", { rows: 2, dir: "auto", testid: "composer", "aria-label": "Message to the customer", placeholder: "Write to the customer" });
  #html = h("input", { type: "checkbox", testid: "composer-html" });
  #file = h("input", { type: "file", multiple: true, class: "sr", tabindex: -1, testid: "file-input", "aria-hidden": "true" });
  #why = h("p", { class: "dim why", testid: "composer-why" });
  #typingNote = h("small", { class: "dim" });
  #form;
  element;

  constructor(page) {
    this.#page = page;
    this.#form = h(
      "form",
      {},
      this.#box,
      h(
        "div",
        { class: "acts" },
        h("button", { class: "primary", testid: "send" }, "Send"),
        button("Send a file…", "send-file", () => this.#file.click()),
        this.#file,
        h("label", { class: "inline" }, this.#html, h("span", {}, "as HTML")),
        this.#typingNote,
      ),
    );
    this.element = h("div", { class: "composer" }, this.#form, this.#why);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(this.#form, () => this.#send());
    });
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#box.addEventListener("input", () => this.#written());
    this.#file.addEventListener("change", () => busy(this.#file, () => this.#sendFiles()));
  }

  get usable() {
    return this.#usable;
  }

  focus() {
    this.#box.focus();
  }

  /** As soon as the conversation is this agent's. */
  focusSoon() {
    this.#focusDue = true;
  }

  update(record, mine) {
    if (this.#record?.id !== record.id) {
      this.#stopTyping();
      this.#box.value = this.#drafts.get(record.id) ?? "";
    }
    this.#record = record;
    this.#usable = mine;
    if (!mine) this.#typingIn = null;
    show(this.#form, mine);
    show(this.#why, !mine);
    text(this.#why, record.phase === "finished" ? "The conversation is over." : "Pick it up to write.");
    text(this.#typingNote, record.typing_reported ? "" : "The client did not ask for typing: it is not told.");
    if (mine && this.#focusDue) {
      this.#focusDue = false;
      this.focus();
    }
  }

  #written() {
    const { id } = this.#record;
    const words = this.#box.value;
    this.#drafts.set(id, words);
    clearTimeout(this.#pause);
    if (words === "") return this.#stopTyping();
    this.#pause = setTimeout(() => this.#stopTyping(), PAUSE_MS);
    if (this.#typingIn !== id) {
      this.#typingIn = id;
      // Whether the sign arrives decides nothing: the words will tell.
      api.act(id, { do: "start_typing" }).catch(() => {});
    }
  }

  #stopTyping() {
    clearTimeout(this.#pause);
    if (this.#typingIn === null) return;
    api.act(this.#typingIn, { do: "end_typing" }).catch(() => {});
    this.#typingIn = null;
  }

  async #send() {
    const words = this.#box.value;
    if (words.trim() === "") return;
    const { id } = this.#record;
    this.#stopTyping();
    await api.act(id, { do: "say", text: words, html: this.#html.checked });
    this.#drafts.delete(id);
    // The agent may have gone on writing meanwhile.
    if (this.#record.id === id && this.#box.value === words) this.#box.value = "";
    this.focus();
  }

  async #sendFiles() {
    const { id } = this.#record;
    const files = [...this.#file.files];
    this.#file.value = "";
    for (const file of files) {
      if (file.size > FILE_BYTES_MAX) throw new Error(`${file.name} has ${bytes(file.size)}; 32 MiB is the most.`);
      await api.sendFile(id, file);
    }
  }
}
