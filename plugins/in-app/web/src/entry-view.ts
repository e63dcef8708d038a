/** One entry of the transcript as an element. Text is put in as text; only http and https addresses become links. */

import { isPicture, sizeText } from "./files.ts";
import { h, icon, type IconName } from "./dom.ts";
import { pieces } from "./links.ts";
import { filled, type Strings } from "./strings.ts";
import { isTheirs, type Entry, type Mine, type Theirs, type Upload } from "./transcript.ts";

export interface Context {
  strings: Strings;
  language: string;
  /** Bytes of the largest file the host takes. */
  fileMax: number;
  textMax: number;
  /** What part of an upload is done, 0 to 1. */
  uploaded(id: string): number | undefined;
  answer(id: string, accepted: boolean): void;
  choose(id: string, choice: string): void;
}

/** Where an entry stands among others of the same author: the first shows the name, the last the time. */
export interface Place {
  first: boolean;
  last: boolean;
}

export function entryView(entry: Entry, place: Place, context: Context): HTMLElement {
  if (entry.kind === "closed" || entry.kind === "left") {
    return h("p", { class: "ended", part: "ended", "data-testid": "ended", "data-id": entry.id }, context.strings.ended);
  }
  if (!isTheirs(entry)) return mine(entry, place, context);
  if (entry.kind === "message" && entry.from.role === "system") {
    return h("p", { class: "system", part: "system", "data-testid": "message", "data-role": "system", "data-id": entry.id, dir: "auto" }, ...linked(entry.text, context));
  }
  return theirs(entry, place, context);
}

/** Who wrote it, in words. */
export function authorOf(entry: Theirs, strings: Strings): string {
  return entry.from.name ?? (entry.from.role === "agent" ? strings.agent : entry.from.role === "bot" ? strings.bot : "");
}

/** What a screen reader says when it arrives. */
export function spoken(entry: Theirs, strings: Strings): string {
  const author = authorOf(entry, strings);
  const what = entry.kind === "file" ? entry.name : entry.kind === "closed" ? strings.ended : entry.text;
  return author ? `${author}: ${what}` : what;
}

function frame(entry: Entry, role: string, place: Place): HTMLElement {
  const classes = ["entry", role === "mine" && "mine", place.first && "first"].filter(Boolean).join(" ");
  return h("div", { class: classes, part: `entry ${role}`, "data-testid": "message", "data-role": role, "data-id": entry.id });
}

function mine(entry: Mine | Upload, place: Place, context: Context): HTMLElement {
  const { strings } = context;
  const element = frame(entry, "mine", place);
  element.dataset["progress"] = entry.progress;
  const bubble = h("div", { class: "bubble", part: "bubble mine" }, h("span", { class: "unseen" }, `${strings.you}: `));
  if (entry.kind === "mine") bubble.append(words(entry.text, context));
  else bubble.append(...uploadCard(entry, context));
  element.append(bubble);
  if (place.last || entry.progress !== "seen") element.append(progressLine(entry, context));
  return element;
}

const MARKS: Record<Mine["progress"], IconName> = { pending: "wait", sent: "tick", seen: "ticks", refused: "warn" };

function progressLine(entry: Mine | Upload, context: Context): HTMLElement {
  const { strings } = context;
  const word = { pending: strings.sending, sent: strings.sent, seen: strings.seen, refused: refusal(entry, context) }[entry.progress];
  return h(
    "div",
    { class: "meta", part: "meta" },
    clock(entry.at, context),
    icon(MARKS[entry.progress]),
    h("span", { "data-testid": "progress", class: entry.progress === "refused" ? "" : "unseen" }, word),
  );
}

function refusal(entry: Mine | Upload, context: Context): string {
  const { strings } = context;
  const why = problem(entry.code, entry.kind === "upload" ? entry.name : "", context);
  return why ? `${strings.notSent}. ${why}` : strings.notSent;
}

/** A code of the host in words; nothing for one that customers can do nothing about. */
export function problem(code: string | undefined, name: string, context: Pick<Context, "strings" | "language" | "fileMax" | "textMax">): string {
  const { strings } = context;
  switch (code) {
    case "text-too-long":
      return filled(strings.textTooLong, { count: context.textMax.toLocaleString(context.language) });
    case "file-too-large":
      return filled(strings.fileTooLarge, { name, size: sizeText(context.fileMax, context.language) });
    case "file-type":
      return filled(strings.fileType, { name });
    case "file-empty":
      return filled(strings.fileEmpty, { name });
    case "file-lost":
      return strings.fileLost;
    default:
      return "";
  }
}

function uploadCard(entry: Upload, context: Context): HTMLElement[] {
  const part = context.uploaded(entry.id);
  const elements: HTMLElement[] = [card(entry, context)];
  if (entry.progress === "pending") {
    const bar = h("progress", { max: "1", "data-testid": "upload-progress", part: "upload-progress", "aria-label": context.strings.uploading });
    if (part !== undefined) bar.value = part;
    elements.push(bar);
  }
  return elements;
}

function theirs(entry: Theirs, place: Place, context: Context): HTMLElement {
  const element = frame(entry, entry.from.role, place);
  const author = authorOf(entry, context.strings);
  if (place.first && author) element.append(h("div", { class: "author", part: "author", "data-testid": "author" }, h("bdi", {}, author)));
  if (place.last) element.append(avatar(entry, author));
  const bubble = h("div", { class: "bubble", part: "bubble" });
  if (!place.first && author) bubble.append(h("span", { class: "unseen" }, `${author}: `));
  element.append(bubble);
  if (entry.kind === "message") bubble.append(words(entry.text, context));
  if (entry.kind === "file") bubble.append(...offer(entry, context));
  if (entry.kind === "choices") {
    bubble.append(words(entry.text, context));
    element.append(choices(entry, context));
  }
  if (place.last) element.append(h("div", { class: "meta", part: "meta" }, clock(entry.at, context)));
  return element;
}

function avatar(entry: Theirs, author: string): HTMLElement {
  const initials = author
    .split(/\s+/u)
    .map((word) => [...word][0] ?? "")
    .slice(0, 2)
    .join("");
  const face = entry.from.role === "bot" || !initials ? icon("spark") : initials.toLocaleUpperCase();
  return h("div", { class: "avatar", part: "avatar", "aria-hidden": "true" }, face);
}

function words(text: string, context: Context): HTMLElement {
  return h("div", { class: "words", "data-testid": "text", dir: "auto" }, ...linked(text, context));
}

function linked(text: string, context: Context): (Node | string)[] {
  return pieces(text).map((piece) =>
    piece.href === undefined
      ? piece.text
      : h("a", { href: piece.href, target: "_blank", rel: "noopener noreferrer nofollow", part: "link" }, piece.text, h("span", { class: "unseen" }, ` (${context.strings.newTab})`)),
  );
}

function card(file: { name: string; mime: string; size: number }, context: Context): HTMLElement {
  return h(
    "div",
    { class: "card", part: "file", "data-testid": "file" },
    h("span", { class: "sheet" }, icon(isPicture(file.mime) ? "picture" : "file")),
    h(
      "span",
      { class: "about" },
      h("bdi", { class: "name", "data-testid": "file-name" }, file.name),
      h("span", { class: "size" }, sizeText(file.size, context.language)),
    ),
  );
}

function offer(entry: Extract<Theirs, { kind: "file" }>, context: Context): HTMLElement[] {
  const { strings } = context;
  const elements = [card(entry, context)];
  if (entry.caption) elements.push(words(entry.caption, context));
  if (!entry.answer) {
    const button = (test: string, label: string, accepted: boolean): HTMLElement => {
      const made = h("button", { type: "button", class: accepted ? "button strong" : "button", part: `button ${test}`, "data-testid": test, "aria-label": `${label}: ${entry.name}` }, label);
      made.addEventListener("click", () => context.answer(entry.id, accepted));
      return made;
    };
    elements.push(h("div", { class: "actions" }, button("accept", strings.accept, true), button("decline", strings.decline, false)));
    return elements;
  }
  if (!entry.answer.accepted) {
    elements.push(h("div", { class: "state", "data-testid": "file-state" }, strings.declined));
    return elements;
  }
  if (isPicture(entry.mime)) elements.push(preview(entry));
  const link = h(
    "a",
    { class: "button strong", part: "button download", "data-testid": "download", href: entry.url, download: entry.name, target: "_blank", rel: "noopener noreferrer", "aria-label": `${strings.download}: ${entry.name}` },
    icon("download"),
    strings.download,
  );
  elements.push(h("div", { class: "actions" }, link));
  return elements;
}

/** Only what the customer took is fetched: an address in a message alone must not tell anybody that it was read. */
function preview(entry: Extract<Theirs, { kind: "file" }>): HTMLElement {
  const image = h("img", { src: entry.url, alt: entry.name, part: "preview", "data-testid": "preview", referrerpolicy: "no-referrer", decoding: "async" });
  const frame = h("div", { class: "preview" }, image);
  image.addEventListener("error", () => frame.remove());
  return frame;
}

function choices(entry: Extract<Theirs, { kind: "choices" }>, context: Context): HTMLElement {
  const group = h("div", { class: "choices", part: "choices", role: "group", "aria-label": entry.text });
  for (const item of entry.items) {
    const made = h(
      "button",
      { type: "button", class: "button choice", part: "button choice", "data-testid": "choice", "data-choice": item.id, "aria-pressed": entry.chosen === undefined ? undefined : String(entry.chosen === item.id), disabled: entry.chosen !== undefined, dir: "auto" },
      h("span", {}, item.title),
      item.description !== undefined && h("small", {}, item.description),
    );
    made.addEventListener("click", () => context.choose(entry.id, item.id));
    group.append(made);
  }
  return group;
}

function clock(at: number, context: Context): HTMLElement {
  // The latest moment a Date can hold.
  const moment = new Date(Math.min(at, 8.64e15));
  const time = new Intl.DateTimeFormat(context.language, { timeStyle: "short" }).format(moment);
  return h("time", { datetime: moment.toISOString(), part: "time" }, time);
}
