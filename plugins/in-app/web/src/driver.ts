/** Carries out what the state machine asks for: socket, timers, storage, uploads. Decides nothing. */

import { Bytes } from "./bytes.ts";
import { Chat, type Effect, type Introduction, type TimerName } from "./chat.ts";
import { PROTOCOL, type Outgoing, type Slot } from "./protocol.ts";
import { browserCabinet, Storage } from "./storage.ts";
import { subjectOf } from "./token.ts";
import type { Theirs } from "./transcript.ts";

export interface Listener {
  changed(): void;
  announced(entry: Theirs): void;
  wantsToken(code: string): void;
}

export class Driver {
  readonly chat: Chat;
  private readonly storage: Storage;
  private readonly bytes = new Bytes();
  private readonly timers = new Map<TimerName, number>();
  private readonly socketUrl: string;
  private readonly subject: string | undefined;
  private readonly listener: Listener;
  private readonly leaving = new AbortController();
  private linked: string | undefined;
  private socket: WebSocket | undefined;
  private token: string | undefined;

  /** `endpoint` is the channel's address: `https://chat.example.com/channels/web`. */
  constructor(endpoint: string, token: string | undefined, language: () => string, listener: Listener) {
    this.socketUrl = `${endpoint.replace(/^http/u, "ws")}/socket`;
    this.listener = listener;
    this.token = token;
    this.subject = token === undefined ? undefined : (subjectOf(token) ?? "");
    this.storage = new Storage(browserCabinet(), endpoint, randomSecret);
    const { kept, linked } = this.storage.open(this.subject);
    this.linked = linked;
    this.chat = new Chat(kept, () => this.introduction(language()));
    this.listen();
  }

  private introduction(locale: string): Introduction {
    const page = location.href.split(/[?#]/u)[0] ?? "";
    if (this.token === undefined) return { visitor: this.chat.kept.visitor, locale, page };
    return { token: this.token, ...(this.linked && { visitor: this.linked }), locale, page };
  }

  private listen(): void {
    const { signal } = this.leaving;
    const again = (): void => this.run(this.chat.again());
    const awake = (): void => {
      if (!document.hidden) this.run(this.chat.awake());
    };
    window.addEventListener("online", again, { signal });
    // The browser knows before any silence does.
    window.addEventListener("offline", () => this.socket && this.disconnect(), { signal });
    window.addEventListener("pageshow", awake, { signal });
    document.addEventListener("visibilitychange", awake, { signal });
    window.addEventListener("storage", (event) => this.stored(event), { signal });
  }

  private stored(event: StorageEvent): void {
    if (event.key !== this.storage.keyOf(this.subject)) return;
    const other = this.storage.parse(event.newValue);
    if (other) this.run(this.chat.learned(other));
  }

  /** Another token of the same person. */
  renew(token: string): void {
    this.token = token;
    this.run(this.chat.again());
  }

  isFor(token: string | undefined): boolean {
    return this.subject === (token === undefined ? undefined : (subjectOf(token) ?? ""));
  }

  /** Nobody is here any more. */
  dispose(): void {
    this.leaving.abort();
    this.run(this.chat.stop());
  }

  async attach(file: File): Promise<void> {
    const id = randomId();
    await this.bytes.put(id, file);
    this.run(this.chat.attach({ name: file.name || "file", mime: file.type, size: file.size }, id, Date.now()));
  }

  run(effects: readonly Effect[]): void {
    for (const effect of effects) this.carryOut(effect);
  }

  private carryOut(effect: Effect): void {
    switch (effect.do) {
      case "connect":
        return this.connect();
      case "disconnect":
        return this.disconnect();
      case "send":
        return this.send(effect.frame);
      case "timer":
        return this.wait(effect.name, effect.ms);
      case "cancel":
        return this.forget(effect.name);
      case "save":
        this.chat.kept = this.storage.save(this.subject, this.chat.kept);
        return;
      case "show":
        return this.listener.changed();
      case "announce":
        return this.listener.announced(effect.entry);
      case "want-token":
        return this.listener.wantsToken(effect.code);
      case "put":
        void this.put(effect.id, effect.slot);
        return;
      case "forget-bytes":
        void this.bytes.remove(effect.id);
    }
  }

  private connect(): void {
    this.drop();
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.socketUrl, PROTOCOL);
    } catch {
      return this.run(this.chat.closed(1006, Math.random()));
    }
    this.socket = socket;
    socket.onopen = () => this.run(this.chat.opened());
    socket.onmessage = (event) => this.heard(event.data);
    socket.onclose = (event) => {
      this.socket = undefined;
      this.run(this.chat.closed(event.code, Math.random()));
    };
  }

  private heard(data: unknown): void {
    if (typeof data !== "string") return;
    this.run(this.chat.received(data));
    if (this.linked && this.chat.status === "online") this.unlink();
  }

  /** The host knows by now that visitor and person are one: the secret has done its work. */
  private unlink(): void {
    this.linked = undefined;
    this.chat.kept.visitor = "";
    this.chat.kept = this.storage.save(this.subject, this.chat.kept);
  }

  /** Does not wait for the other side to agree: a dead line never would. */
  private disconnect(): void {
    if (this.drop()) this.run(this.chat.closed(1006, Math.random()));
  }

  private drop(): boolean {
    const socket = this.socket;
    if (!socket) return false;
    this.socket = undefined;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    return true;
  }

  private send(frame: Outgoing): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private wait(name: TimerName, ms: number): void {
    this.forget(name);
    const ring = (): void => {
      this.timers.delete(name);
      this.run(this.chat.timer(name));
    };
    this.timers.set(name, window.setTimeout(ring, ms));
  }

  private forget(name: TimerName): void {
    window.clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }

  private async put(id: string, slot: Slot): Promise<void> {
    const blob = await this.bytes.get(id);
    if (!blob) return this.run(this.chat.uploaded(id, -1));
    // `fetch` cannot say how far an upload is.
    const request = new XMLHttpRequest();
    request.open(slot.method, slot.url);
    for (const [name, value] of Object.entries(slot.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      this.run(this.chat.uploadProgressed(id, event.total > 0 ? event.loaded / event.total : 0));
    };
    request.onloadend = () => this.run(this.chat.uploaded(id, request.status));
    request.send(blob);
  }
}

/** 256 bits as 43 characters of base64url. */
export function randomSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** `crypto.randomUUID` is not there on pages without https. */
export function randomId(): string {
  return randomSecret().slice(0, 22);
}
