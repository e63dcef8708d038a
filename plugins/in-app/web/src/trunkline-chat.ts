/**
 * `<trunkline-chat>`: the chat as an element that any page can embed. README.md lists attributes, events, parts and
 * properties.
 *
 * Connects when somebody opens it, or when there is a conversation to go on with: a visitor who only reads the page
 * costs nothing.
 */

import { Driver, randomId } from "./driver.ts";
import { h, icon, say, set } from "./dom.ts";
import { problem, spoken, type Context } from "./entry-view.ts";
import { refusalOf } from "./files.ts";
import { Panel } from "./panel.ts";
import { isWebAddress } from "./protocol.ts";
import { filled, isRightToLeft, stringsOf, type Strings } from "./strings.ts";
import { sheet } from "./styles.ts";
import { unread, type Theirs } from "./transcript.ts";

const NARROW = "(max-width: 480px), (max-height: 440px)";

/** More arrivals at once than this are only counted aloud. */
const SPOKEN_MAX = 3;
const SPOKEN_TOGETHER_MS = 400;

let styles: CSSStyleSheet | undefined;

export class TrunklineChat extends HTMLElement {
  static readonly observedAttributes = ["src", "host", "channel", "token", "lang", "heading", "open", "inline"];

  private readonly badge = h("span", { class: "badge", part: "badge", "data-testid": "badge", "aria-hidden": "true", hidden: true });
  private readonly launcher = h("button", { type: "button", class: "launcher", part: "launcher", "data-testid": "launcher", "aria-haspopup": "dialog" }, icon("chat"), icon("down"), this.badge);
  private readonly panel: Panel;
  private readonly shell: HTMLElement;
  private driver: Driver | undefined;
  private endpoint: string | undefined;
  private own: Partial<Strings> = {};
  private arrived: Theirs[] = [];
  private shown = { unread: 0, status: "idle" };
  private frame = 0;
  private leaving = new AbortController();

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    styles ??= sheet();
    root.adoptedStyleSheets = [styles];
    this.panel = new Panel({
      close: () => this.hide(),
      leave: () => this.act((driver) => driver.chat.leave(randomId(), Date.now())),
      send: (text) => this.say(text),
      attach: (files) => void this.attach(files),
      typed: (anything) => this.act((driver) => driver.chat.typed(anything, Date.now())),
      scrolled: () => this.soon(),
    });
    this.launcher.addEventListener("click", () => (this.open ? this.hide() : this.show()));
    this.shell = h("div", { class: "shell", part: "shell" }, this.panel.element, this.launcher);
    root.append(this.shell);
  }

  // ---- For the page ----

  get open(): boolean {
    return this.hasAttribute("open") || this.hasAttribute("inline");
  }
  set open(open: boolean) {
    this.toggleAttribute("open", open);
  }

  /** A JSON web token of whoever is signed in; see `trunkline-token`. */
  get token(): string | undefined {
    return this.getAttribute("token") ?? undefined;
  }
  set token(token: string | undefined) {
    set(this, { token });
  }

  /** Words that replace the chat's own. */
  get strings(): Partial<Strings> {
    return this.own;
  }
  set strings(strings: Partial<Strings>) {
    this.own = { ...strings };
    this.soon();
  }

  get unread(): number {
    return this.driver ? unread(this.driver.chat.kept) : 0;
  }

  show(): void {
    this.open = true;
    this.panel.composer.input.focus({ preventScroll: true });
  }

  hide(): void {
    if (this.hasAttribute("inline")) return;
    const inside = this.shadowRoot?.activeElement != null;
    this.open = false;
    if (inside) this.launcher.focus({ preventScroll: true });
  }

  /** Writes in the customer's name, for instance from a button of the page. Gives false if it is not sendable. */
  send(text: string): boolean {
    return text.trim() !== "" && this.say(text) === undefined;
  }

  // ---- Life ----

  connectedCallback(): void {
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    window.matchMedia(NARROW).addEventListener("change", () => this.soon(), { signal });
    document.addEventListener("visibilitychange", () => this.soon(), { signal });
    this.reconnect();
  }

  disconnectedCallback(): void {
    this.leaving.abort();
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.driver?.dispose();
    this.driver = undefined;
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after || !this.isConnected) return;
    if (name === "src" || name === "host" || name === "channel") return this.reconnect();
    if (name === "token") return this.renew();
    if (name === "open") this.fire(this.open ? "trunkline-open" : "trunkline-close", {});
    this.startIfWanted();
    this.render();
  }

  private renew(): void {
    if (this.driver && this.token !== undefined && this.driver.isFor(this.token)) this.driver.renew(this.token);
    else this.reconnect();
  }

  private reconnect(): void {
    this.driver?.dispose();
    this.endpoint = this.address();
    this.driver = this.endpoint === undefined ? undefined : this.drive(this.endpoint);
    if (!this.endpoint) console.error('<trunkline-chat> needs src="https://HOST/channels/CHANNEL", or host and channel.');
    this.startIfWanted();
    this.render();
  }

  private drive(endpoint: string): Driver {
    return new Driver(endpoint, this.token, () => this.language, {
      changed: () => this.soon(),
      announced: (entry) => this.hear(entry),
      wantsToken: (code) => this.fire("trunkline-token", { code }),
    });
  }

  private address(): string | undefined {
    const source = this.getAttribute("src");
    const [host, channel] = [this.getAttribute("host"), this.getAttribute("channel")];
    const written = source ?? (host && channel ? `${host.replace(/\/+$/u, "")}/channels/${encodeURIComponent(channel)}` : undefined);
    if (written === undefined || !URL.canParse(written, location.href)) return undefined;
    const url = new URL(written, location.href).href.replace(/\/+$/u, "");
    return isWebAddress(url) ? url : undefined;
  }

  private startIfWanted(): void {
    const chat = this.driver?.chat;
    if (chat && (this.open || chat.kept.entries.length > 0)) this.act(() => chat.start());
  }

  private act(what: (driver: Driver) => ReturnType<Driver["chat"]["start"]>): void {
    if (this.driver) this.driver.run(what(this.driver));
  }

  // ---- What the customer does ----

  private say(text: string): string | undefined {
    const chat = this.driver?.chat;
    if (!chat) return this.words.denied;
    if ([...text].length > chat.limits.text) return problem("text-too-long", "", this.context());
    this.act(() => [...chat.start(), ...chat.say(text, randomId(), Date.now())]);
    return undefined;
  }

  private async attach(files: readonly File[]): Promise<void> {
    const driver = this.driver;
    if (!driver) return;
    for (const file of files) {
      const code = refusalOf(file, driver.chat.limits);
      if (code === undefined) await driver.attach(file);
      else this.panel.composer.complain(problem(code, file.name, this.context()));
    }
  }

  // ---- What comes ----

  private hear(entry: Theirs): void {
    this.fire("trunkline-message", { id: entry.id, from: entry.from, kind: entry.kind });
    this.arrived.push(entry);
    if (this.arrived.length > 1) return;
    window.setTimeout(() => {
      const words = this.words;
      const texts = this.arrived.length > SPOKEN_MAX ? [filled(words.unread, { count: String(this.arrived.length) })] : this.arrived.map((one) => spoken(one, words));
      this.arrived = [];
      this.panel.announce(texts.join(". "));
    }, SPOKEN_TOGETHER_MS);
  }

  private fire(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  // ---- Showing ----

  private get language(): string {
    const written = this.getAttribute("lang") ?? this.closest("[lang]")?.getAttribute("lang") ?? "";
    const language = written || document.documentElement.lang || navigator.language || "en";
    try {
      return Intl.getCanonicalLocales(language.replaceAll("_", "-"))[0] ?? "en";
    } catch {
      return "en";
    }
  }

  private get words(): Strings {
    return { ...stringsOf(this.language), ...this.own };
  }

  private context(): Context {
    const limits = this.driver?.chat.limits;
    return {
      strings: this.words,
      language: this.language,
      fileMax: limits?.file_bytes ?? 0,
      textMax: limits?.text ?? 0,
      uploaded: (id) => this.driver?.chat.uploads.get(id),
      answer: (id, accepted) => this.act((driver) => driver.chat.answer(id, accepted)),
      choose: (id, choice) => this.act((driver) => driver.chat.choose(id, choice, randomId(), Date.now())),
    };
  }

  /** Many changes in one moment are shown once. */
  private soon(): void {
    if (this.frame !== 0 || !this.isConnected) return;
    // Pages in the background get no frames, but their badge and title matter.
    const render = (): void => {
      this.frame = 0;
      this.render();
    };
    this.frame = document.hidden ? window.setTimeout(render, 0) : requestAnimationFrame(render);
  }

  private render(): void {
    const { language, words } = this;
    set(this.shell, { dir: isRightToLeft(language) ? "rtl" : "ltr", lang: language });
    this.panel.element.hidden = !this.open;
    set(this.panel.element, { "aria-modal": String(!this.hasAttribute("inline") && window.matchMedia(NARROW).matches) });
    this.panel.name(words);
    const chat = this.driver?.chat;
    if (chat) {
      this.panel.show(chat, this.getAttribute("heading") ?? "", unread(chat.kept), this.context());
      if (this.open && !document.hidden && this.panel.log.isAtEnd()) this.act(() => chat.sawAll());
    }
    this.renderLauncher(words);
    this.tell();
  }

  private renderLauncher(words: Strings): void {
    const count = this.unread;
    this.badge.hidden = count === 0 || this.open;
    say(this.badge, count > 99 ? "99+" : String(count));
    const label = this.open ? words.close : words.open;
    const more = this.badge.hidden ? "" : `, ${filled(words.unread, { count: String(count) })}`;
    set(this.launcher, { "aria-expanded": String(this.open), "aria-label": label + more, title: label, "aria-controls": "panel" });
  }

  private tell(): void {
    const now = { unread: this.unread, status: this.driver?.chat.status ?? "idle" };
    if (now.unread !== this.shown.unread) this.fire("trunkline-unread", { count: now.unread });
    if (now.status !== this.shown.status) this.fire("trunkline-status", { status: now.status });
    this.shown = now;
  }
}

if (!customElements.get("trunkline-chat")) customElements.define("trunkline-chat", TrunklineChat);
