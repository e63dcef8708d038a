/** The list of entries: makes only what is new or changed, keeps the scroll where the reader is. */

import { h } from "./dom.ts";
import { entryView, type Context, type Place } from "./entry-view.ts";
import { isTheirs, type Entry } from "./transcript.ts";

/** Entries of one author this close together form one group. */
const GROUP_MS = 5 * 60_000;
/** This close to the end counts as at the end, in pixels. */
const END_PX = 48;

interface Line {
  key: string;
  /** What it was made of: a line is made anew when this changes. */
  made: string;
  element: HTMLElement;
}

export class LogView {
  readonly element: HTMLElement;
  private lines: Line[] = [];
  private follows = true;

  constructor(onScroll: () => void) {
    // Quiet: what arrives is announced apart, so that a replay does not read a whole history aloud.
    this.element = h("div", { class: "log", part: "log", role: "log", tabindex: "0", "data-testid": "log", "aria-live": "off" });
    this.element.addEventListener("scroll", () => {
      this.follows = this.isAtEnd();
      onScroll();
    });
    // Pictures and the keyboard of a phone change heights after the fact.
    new ResizeObserver(() => this.follow()).observe(this.element);
    this.element.addEventListener("load", () => this.follow(), true);
  }

  isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < END_PX;
  }

  toEnd(): void {
    this.follows = true;
    this.follow();
  }

  private follow(): void {
    if (this.follows) this.element.scrollTop = this.element.scrollHeight;
  }

  /** `newest` of the customer brings the list to its end: they want to see what they wrote. */
  render(entries: readonly Entry[], context: Context, greeting: () => HTMLElement): void {
    const before = this.lines;
    const known = new Map(before.map((line) => [line.key, line]));
    const wanted = entries.length === 0 ? [this.greeting(greeting)] : this.wanted(entries, context);
    this.lines = wanted.map(({ key, made, make }) => {
      const line = known.get(key);
      return line?.made === made ? line : { key, made, element: make() };
    });
    const last = entries.at(-1);
    if (last && !isTheirs(last) && !known.has(last.id)) this.follows = true;
    this.place();
    this.follow();
  }

  private greeting(make: () => HTMLElement): { key: string; made: string; make: () => HTMLElement } {
    const element = make();
    return { key: "greeting", made: element.textContent ?? "", make: () => element };
  }

  private wanted(entries: readonly Entry[], context: Context): { key: string; made: string; make: () => HTMLElement }[] {
    const lines: { key: string; made: string; make: () => HTMLElement }[] = [];
    entries.forEach((entry, index) => {
      const [before, after] = [entries[index - 1], entries[index + 1]];
      if (dayOf(entry) !== dayOf(before)) {
        const day = dayText(entry.at, context.language);
        lines.push({ key: `day ${entry.id}`, made: day, make: () => h("p", { class: "day", part: "day" }, day) });
      }
      const place: Place = { first: !together(before, entry), last: !together(entry, after) };
      const made = JSON.stringify([entry, place, context.uploaded(entry.id), context.language, context.strings.you]);
      lines.push({ key: entry.id, made, make: () => entryView(entry, place, context) });
    });
    return lines;
  }

  /** Moves as little as possible: focus inside a line that stays must stay, too. */
  private place(): void {
    const focused = this.focusedLine();
    const wanted = new Set<Node>(this.lines.map((line) => line.element));
    for (const child of [...this.element.children]) if (!wanted.has(child)) child.remove();
    this.lines.forEach(({ element }, index) => {
      const there = this.element.children[index];
      if (there !== element) this.element.insertBefore(element, there ?? null);
    });
    if (focused !== undefined) this.focusAgain(focused);
  }

  private focusedLine(): string | undefined {
    const active = (this.element.getRootNode() as ShadowRoot).activeElement;
    const line = active && active !== this.element ? active.closest<HTMLElement>("[data-id]") : null;
    return line && this.element.contains(line) ? line.dataset["id"] : undefined;
  }

  /** A button that was pressed is gone with its line: the focus goes to what took its place. */
  private focusAgain(id: string): void {
    const active = (this.element.getRootNode() as ShadowRoot).activeElement;
    if (active && this.element.contains(active)) return;
    const line = this.lines.find(({ key }) => key === id)?.element;
    (line?.querySelector<HTMLElement>("button:not(:disabled), a") ?? this.element).focus({ preventScroll: true });
  }
}

function dayOf(entry: Entry | undefined): string {
  return entry ? new Date(Math.min(entry.at, 8.64e15)).toDateString() : "";
}

function dayText(at: number, language: string): string {
  const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0 || days === -1) {
    const text = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(days, "day");
    return text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
  }
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(Math.min(at, 8.64e15)));
}

function together(one: Entry | undefined, other: Entry | undefined): boolean {
  if (!one || !other || one.kind === "choices" || dayOf(one) !== dayOf(other)) return false;
  return author(one) === author(other) && Math.abs(other.at - one.at) < GROUP_MS;
}

function author(entry: Entry): string {
  if (!isTheirs(entry)) return entry.kind === "left" ? "left" : "mine";
  if (entry.kind === "closed" || entry.from.role === "system") return `alone ${entry.id}`;
  return `${entry.from.role} ${entry.from.name ?? ""}`;
}
