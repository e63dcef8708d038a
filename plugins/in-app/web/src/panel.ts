/** The window of the chat: head, notice, list, typing sign, composer. Shows a state, decides nothing. */

import type { Chat } from "./chat.ts";
import { Composer, type Composing } from "./composer.ts";
import { h, icon, iconButton, say, set } from "./dom.ts";
import type { Context } from "./entry-view.ts";
import { LogView } from "./log-view.ts";
import { filled, type Strings } from "./strings.ts";
import { isTheirs } from "./transcript.ts";

export interface Acting extends Composing {
  close(): void;
  leave(): void;
  scrolled(): void;
}

export class Panel {
  readonly element: HTMLElement;
  readonly composer: Composer;
  readonly log: LogView;
  readonly closeButton = iconButton("down", "close", "");
  private readonly endButton = iconButton("end", "end", "");
  private readonly title = h("bdi");
  private readonly titleLine = h("h2", { class: "title", part: "title", id: "title", "data-testid": "title" }, this.title);
  private readonly status = h("p", { class: "status", part: "status", "data-testid": "status" });
  private readonly noticeText = h("span");
  private readonly notice = h("div", { class: "notice", part: "notice", "data-testid": "notice", hidden: true }, icon("warn"), this.noticeText);
  /** There from the beginning: live regions that come with their text stay silent. */
  private readonly alerts = h("div", { role: "status", class: "unseen", "data-testid": "announcer" });
  private readonly questionText = h("p");
  private readonly yes = h("button", { type: "button", class: "button strong", part: "button end-yes", "data-testid": "end-yes" });
  private readonly no = h("button", { type: "button", class: "button", part: "button end-no", "data-testid": "end-no" });
  private readonly question = h("div", { class: "question", part: "question", role: "group", "data-testid": "end-question", hidden: true }, this.questionText, this.yes, this.no);
  private readonly typingText = h("span");
  private readonly typing = h("div", { class: "typing", part: "typing", "data-testid": "typing", hidden: true }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), this.typingText);
  private readonly newerText = h("span");
  private readonly newer = h("button", { type: "button", class: "newer", part: "newer", "data-testid": "newer", hidden: true }, icon("down"), this.newerText);
  private readonly dropText = h("span");
  private readonly drop = h("div", { class: "drop", part: "drop", "data-testid": "drop", hidden: true }, this.dropText);

  constructor(acting: Acting) {
    this.composer = new Composer(acting);
    this.log = new LogView(() => acting.scrolled());
    const names = h("div", { class: "names" }, this.titleLine, this.status);
    const crest = h("div", { class: "crest", part: "crest", "aria-hidden": "true" }, icon("chat"));
    const header = h("header", { class: "header", part: "header" }, crest, names, this.endButton, this.closeButton);
    const body = h("div", { class: "body", part: "body" }, this.log.element, this.typing, this.newer, this.drop);
    this.element = h(
      "section",
      { class: "panel", part: "panel", id: "panel", role: "dialog", "aria-labelledby": "title", "data-testid": "panel" },
      header,
      this.notice,
      this.question,
      body,
      this.composer.element,
      this.alerts,
    );
    this.listen(acting);
  }

  private listen(acting: Acting): void {
    this.closeButton.addEventListener("click", () => acting.close());
    this.newer.addEventListener("click", () => {
      this.log.toEnd();
      this.composer.input.focus();
    });
    this.endButton.addEventListener("click", () => {
      this.question.hidden = false;
      this.yes.focus();
    });
    const answered = (leave: boolean): void => {
      this.question.hidden = true;
      if (leave) acting.leave();
      this.composer.input.focus();
    };
    this.yes.addEventListener("click", () => answered(true));
    this.no.addEventListener("click", () => answered(false));
    this.element.addEventListener("keydown", (event) => this.key(event, acting));
    this.listenForDrops(acting);
  }

  private key(event: KeyboardEvent, acting: Acting): void {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      if (this.question.hidden) return acting.close();
      this.question.hidden = true;
      this.endButton.focus();
    }
    if (event.key === "Tab" && this.element.ariaModal === "true") this.keepFocus(event);
  }

  /** On a phone the chat covers the page: Tab must not wander behind it. */
  private keepFocus(event: KeyboardEvent): void {
    const all = [...this.element.querySelectorAll<HTMLElement>("button, a[href], textarea, [tabindex='0']")];
    const usable = all.filter((element) => element.getClientRects().length > 0 && !element.matches(":disabled"));
    const [first, last] = [usable[0], usable.at(-1)];
    const active = (this.element.getRootNode() as ShadowRoot).activeElement;
    const [edge, other] = event.shiftKey ? [first, last] : [last, first];
    if (active !== edge) return;
    event.preventDefault();
    other?.focus();
  }

  private listenForDrops(acting: Acting): void {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;
    const over = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.drop.hidden = false;
    };
    this.element.addEventListener("dragenter", over);
    this.element.addEventListener("dragover", over);
    this.element.addEventListener("dragleave", (event) => {
      const to = event.relatedTarget;
      this.drop.hidden = !(to instanceof Node && this.element.contains(to));
    });
    this.element.addEventListener("drop", (event) => {
      this.drop.hidden = true;
      if (!hasFiles(event)) return;
      event.preventDefault();
      acting.attach([...(event.dataTransfer?.files ?? [])]);
    });
  }

  name(strings: Strings): void {
    for (const [button, label] of [[this.closeButton, strings.close], [this.endButton, strings.end]] as const) {
      set(button, { "aria-label": label, title: label });
    }
    set(this.log.element, { "aria-label": strings.log });
    set(this.question, { "aria-label": strings.endQuestion });
    say(this.questionText, strings.endQuestion);
    say(this.yes, strings.endYes);
    say(this.no, strings.endNo);
    say(this.newerText, strings.newer);
    say(this.dropText, strings.drop);
    this.composer.name(strings);
  }

  show(chat: Chat, heading: string, unread: number, context: Context): void {
    const { strings } = context;
    say(this.title, heading || chat.title || strings.title);
    this.showStatus(chat, strings);
    this.showTyping(chat, strings);
    const greeting = (): HTMLElement =>
      h("div", { class: "greeting", part: "greeting", "data-testid": "greeting" }, h("div", { class: "crest" }, icon("spark")), h("strong", {}, strings.greeting), h("span", {}, strings.greetingMore));
    this.log.render(chat.kept.entries, context, greeting);
    this.newer.hidden = unread === 0 || this.log.isAtEnd();
    this.endButton.hidden = !hasSomethingToEnd(chat);
    if (this.endButton.hidden) this.question.hidden = true;
    this.composer.accept(chat.limits.file_types);
  }

  private showStatus(chat: Chat, strings: Strings): void {
    const word = { idle: strings.connecting, connecting: strings.connecting, online: strings.online, offline: strings.connecting, denied: "", "signed-out": "" }[chat.status];
    this.status.dataset["status"] = chat.status;
    this.status.hidden = word === "";
    say(this.status, word);
    const notice = { idle: "", connecting: this.notice.hidden ? "" : strings.offline, online: "", offline: strings.offline, denied: strings.denied, "signed-out": strings.signedOut }[chat.status];
    if (notice !== this.noticeText.textContent) this.announce(notice);
    say(this.noticeText, notice);
    this.notice.hidden = notice === "";
  }

  private showTyping(chat: Chat, strings: Strings): void {
    this.typing.hidden = chat.typing === undefined;
    const name = chat.typing?.name;
    say(this.typingText, name === undefined ? strings.typing : filled(strings.typingName, { name }));
  }

  /** For screen readers; the text is not shown. */
  announce(text: string): void {
    // The same words twice are two announcements.
    this.alerts.textContent = "";
    this.alerts.textContent = text;
  }
}

function hasSomethingToEnd(chat: Chat): boolean {
  const last = chat.kept.entries.findLastIndex((entry) => entry.kind === "closed" || entry.kind === "left");
  return chat.kept.entries.slice(last + 1).some((entry) => !isTheirs(entry) || entry.from.role !== "system");
}
