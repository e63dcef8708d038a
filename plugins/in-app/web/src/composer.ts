/** Where the customer writes, and chooses, pastes or drops files. */

import { h, iconButton, say, set } from "./dom.ts";
import type { Strings } from "./strings.ts";

export interface Composing {
  /** Gives a problem in words, or nothing if it was taken. */
  send(text: string): string | undefined;
  attach(files: readonly File[]): void;
  typed(anything: boolean): void;
}

export class Composer {
  readonly element: HTMLFormElement;
  readonly input: HTMLTextAreaElement;
  private readonly sendButton = iconButton("send", "send", "");
  private readonly attachButton = iconButton("clip", "attach", "");
  private readonly picker = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "data-testid": "file-input" });
  private readonly problem = h("p", { class: "problem", part: "problem", "data-testid": "problem", role: "alert", id: "problem" });
  private readonly composing: Composing;

  constructor(composing: Composing) {
    this.composing = composing;
    this.input = h("textarea", { class: "input", part: "input", rows: "1", "data-testid": "input", enterkeyhint: "send", autocomplete: "off", "aria-describedby": "problem" });
    this.sendButton.type = "submit";
    const row = h("div", { class: "row", part: "row" }, this.attachButton, this.picker, this.input, this.sendButton);
    this.element = h("form", { class: "composer", part: "composer", "data-testid": "composer" }, row, this.problem);
    this.listen();
    this.changed();
  }

  name(strings: Strings): void {
    set(this.input, { placeholder: strings.input, "aria-label": strings.input });
    set(this.sendButton, { "aria-label": strings.send, title: strings.send });
    set(this.attachButton, { "aria-label": strings.attach, title: strings.attach });
  }

  /** Which files the picker offers. */
  accept(types: readonly string[]): void {
    this.picker.accept = types.join(",");
  }

  complain(text: string): void {
    say(this.problem, text);
    set(this.input, { "aria-invalid": text ? "true" : undefined });
  }

  private listen(): void {
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("keydown", (event) => {
      // While an input method composes, Enter picks its word.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("input", () => {
      this.complain("");
      this.changed();
      this.composing.typed(this.input.value !== "");
    });
    this.input.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      this.composing.attach(files);
    });
    this.attachButton.addEventListener("click", () => this.picker.click());
    this.picker.addEventListener("change", () => {
      this.composing.attach([...(this.picker.files ?? [])]);
      // The same file may be chosen again.
      this.picker.value = "";
      this.input.focus();
    });
  }

  private submit(): void {
    const text = this.input.value;
    if (text.trim() === "") return;
    const problem = this.composing.send(text);
    this.complain(problem ?? "");
    if (problem === undefined) this.input.value = "";
    this.changed();
    this.input.focus();
  }

  /** Browsers without `field-sizing` need the height by hand. */
  private changed(): void {
    set(this.sendButton, { "aria-disabled": String(this.input.value.trim() === "") });
    // An empty field has no direction of its own: its placeholder would stand on the wrong side.
    set(this.input, { dir: this.input.value === "" ? undefined : "auto" });
    if (CSS.supports("field-sizing", "content")) return;
    this.input.style.blockSize = "auto";
    this.input.style.blockSize = `${this.input.scrollHeight}px`;
  }
}
