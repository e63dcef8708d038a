/**
 * The conversation as a state machine: connection, resuming, what is sent again, what came twice, in which order.
 *
 * Pure: everything that happens is a method with the time and chance as arguments, and each gives back what is to be
 * done. No socket, no timer, no storage, no element; `driver.ts` has those.
 *
 * Frames of the log come in order and without gap, so the page counts them: on a new connection it says how many it
 * has, and gets the rest. What the customer does stays `pending` until the host says `taken`, and is sent again on
 * every connection with the same id; the host drops what it has already.
 *
 * Long, because all of it changes one state: who looks for why something is sent reads one file.
 */

import { delayMs } from "./backoff.ts";
import { read, type Incoming, type Limits, type Logged, type Outgoing, type Slot } from "./protocol.ts";
import { bounded, entryOf, isTheirs, merge, outbox, type Entry, type Kept, type Theirs } from "./transcript.ts";

/** `denied`: this page may not embed the chat. `signed-out`: a token is missing or over. */
export type Status = "idle" | "connecting" | "online" | "offline" | "denied" | "signed-out";

export type TimerName = "retry" | "heartbeat" | "silence" | "ack" | "their-typing" | "my-typing" | "uploads";

export type Effect =
  | { do: "connect" | "disconnect" | "save" | "show" }
  | { do: "send"; frame: Outgoing }
  | { do: "timer"; name: TimerName; ms: number }
  | { do: "cancel"; name: TimerName }
  | { do: "put"; id: string; slot: Slot }
  | { do: "forget-bytes"; id: string }
  | { do: "announce"; entry: Theirs }
  | { do: "want-token"; code: string };

/** How this page introduces itself. */
export interface Introduction {
  token?: string;
  /** The anonymous secret; with a token only once, so that what was said before signing in goes along. */
  visitor?: string;
  locale?: string;
  page?: string;
}

/** Nothing heard for this long: ask. The host's own pings are not visible to a page. */
const HEARTBEAT_MS = 25_000;
const SILENCE_MS = 8_000;
/** A typing sign of theirs that nobody renewed. */
const THEIR_TYPING_MS = 6_000;
/** A typing sign of ours is renewed this often, and ends after this much rest. */
const MY_TYPING_MS = 3_000;
/** Frames that arrive together are acknowledged together. */
const ACK_MS = 250;
const UPLOADS_AGAIN_MS = 5_000;
/** Denied pages ask again: the operator may have added them. */
const DENIED_MS = 60_000;
/** A frame that the host calls malformed so often in a row is given up. */
const MALFORMED_MAX = 3;

const CLOSE_MALFORMED = 4400;
const CLOSE_TOKEN = 4401;
const CLOSE_DENIED = 4403;

const LIMITS: Limits = { text: 4000, file_bytes: 20 * 1024 * 1024, file_types: [] };

export class Chat {
  kept: Kept;
  status: Status = "idle";
  title = "";
  limits = LIMITS;
  /** Who types, and nothing if nobody does. */
  typing: { name?: string } | undefined;
  /** Uploads under way: what part of them is done, 0 to 1. */
  readonly uploads = new Map<string, number>();

  private wanted = false;
  private attempt = 0;
  private malformed = 0;
  /** How many frames of the log this connection has given, beginning with those the page had. */
  private counted = 0;
  private typedAt = 0;
  private readonly introduce: () => Introduction;

  constructor(kept: Kept, introduce: () => Introduction) {
    this.kept = kept;
    this.introduce = introduce;
  }

  // ---- The connection ----

  /** Somebody wants to talk. */
  start(): Effect[] {
    if (this.wanted) return [];
    this.wanted = true;
    return this.connect();
  }

  /** The element is gone. */
  stop(): Effect[] {
    this.wanted = false;
    this.status = "idle";
    this.uploads.clear();
    const timers: TimerName[] = ["retry", "heartbeat", "silence", "ack", "their-typing", "my-typing", "uploads"];
    return [...timers.map((name): Effect => ({ do: "cancel", name })), { do: "disconnect" }];
  }

  /** There is another token, the network is back, or the wait is over. */
  again(): Effect[] {
    if (!this.wanted || this.status === "online" || this.status === "connecting") return [];
    return [{ do: "cancel", name: "retry" }, ...this.connect()];
  }

  /** The page became visible: a laptop's lid may have been closed for hours. */
  awake(): Effect[] {
    if (this.status !== "online") return this.again();
    return this.ask();
  }

  private connect(): Effect[] {
    this.status = "connecting";
    return [{ do: "connect" }, { do: "timer", name: "silence", ms: SILENCE_MS }, { do: "show" }];
  }

  opened(): Effect[] {
    this.counted = this.kept.seq;
    const hello: Outgoing = {
      op: "hello",
      ...this.introduce(),
      after: this.kept.seq,
      at: this.kept.at,
      client: "trunkline-chat/1",
    };
    return [{ do: "send", frame: hello }, { do: "timer", name: "silence", ms: SILENCE_MS }];
  }

  /** The socket is gone, or never came to be. */
  closed(code: number, chance: number): Effect[] {
    if (!this.wanted) return [];
    this.typing = undefined;
    const effects: Effect[] = (["heartbeat", "silence", "ack", "their-typing"] as const).map((name) => ({ do: "cancel", name }));
    if (code === CLOSE_MALFORMED) effects.push(...this.wasMalformed());
    if (code === CLOSE_TOKEN || this.status === "signed-out") {
      // Whoever embeds the chat has to give another token.
      this.status = "signed-out";
      return [...effects, { do: "show" }];
    }
    this.status = code === CLOSE_DENIED ? "denied" : "offline";
    const ms = code === CLOSE_DENIED ? DENIED_MS : delayMs(this.attempt, chance);
    this.attempt += 1;
    return [...effects, { do: "timer", name: "retry", ms }, { do: "show" }];
  }

  /** The oldest frame that waits is the likeliest culprit: it must not stop the ones behind it for ever. */
  private wasMalformed(): Effect[] {
    this.malformed += 1;
    const first = outbox(this.kept.entries)[0];
    if (this.malformed < MALFORMED_MAX || !first || !("id" in first)) return [];
    this.malformed = 0;
    return this.refused(first.id, "malformed");
  }

  timer(name: TimerName): Effect[] {
    switch (name) {
      case "retry":
        return this.again();
      case "heartbeat":
        return this.ask();
      case "silence":
        return [{ do: "disconnect" }];
      case "ack":
        return [{ do: "send", frame: { op: "ack", at: this.kept.at } }];
      case "their-typing":
        this.typing = undefined;
        return [{ do: "show" }];
      case "my-typing":
        return this.rested();
      case "uploads":
        return this.askForSlots();
    }
  }

  private ask(): Effect[] {
    return [
      { do: "send", frame: { op: "ping" } },
      { do: "timer", name: "silence", ms: SILENCE_MS },
    ];
  }

  // ---- What comes ----

  received(frame: string): Effect[] {
    const alive: Effect[] = [
      { do: "cancel", name: "silence" },
      { do: "timer", name: "heartbeat", ms: HEARTBEAT_MS },
    ];
    return [...alive, ...this.take(read(frame))];
  }

  private take(incoming: Incoming): Effect[] {
    switch (incoming.op) {
      case "ready":
        return this.ready(incoming.title, incoming.limits);
      case "logged":
        return this.logged(incoming.frame);
      case "gap":
        this.counted = Math.max(0, incoming.next - 1);
        this.kept.seq = this.counted;
        return [{ do: "save" }];
      case "taken":
        return this.taken(incoming.id);
      case "refused":
        return incoming.id ? this.refused(incoming.id, incoming.code) : [];
      case "seen":
        return this.seen(incoming.id);
      case "typing":
        return this.theyType(incoming.on, incoming.from.name);
      case "slot":
        return this.slot(incoming.slot);
      case "slot-refused":
        return this.slotRefused(incoming.slot, incoming.code);
      case "bye":
        this.status = "signed-out";
        return [{ do: "disconnect" }, { do: "want-token", code: incoming.code }, { do: "show" }];
      case "pong":
      case "unknown":
        return [];
    }
  }

  private ready(title: string, limits: Limits): Effect[] {
    this.status = "online";
    this.attempt = 0;
    this.title = title;
    this.limits = limits;
    const again = outbox(this.kept.entries).filter((frame) => !("id" in frame) || !this.uploads.has(frame.id));
    return [...again.map((frame): Effect => ({ do: "send", frame })), { do: "show" }];
  }

  private logged(frame: Logged): Effect[] {
    this.counted += 1;
    const late = frame.at < this.kept.at;
    this.kept.seq = Math.max(this.kept.seq, this.counted);
    this.kept.at = Math.max(this.kept.at, frame.at);
    const effects: Effect[] = [{ do: "timer", name: "ack", ms: ACK_MS }];
    if (this.kept.entries.some((entry) => entry.id === frame.id)) return [...effects, { do: "save" }];
    const entry = entryOf(frame);
    // A log that is read from its beginning again brings older frames than those that are here.
    const before = late ? this.kept.entries.findIndex((other) => other.at > frame.at) : -1;
    this.kept.entries = bounded(before < 0 ? [...this.kept.entries, entry] : this.kept.entries.toSpliced(before, 0, entry));
    this.typing = undefined;
    return [...effects, { do: "save" }, { do: "announce", entry }, { do: "show" }];
  }

  private taken(id: string): Effect[] {
    this.malformed = 0;
    const changed = this.change(id, (entry) => {
      if (entry.kind === "file" && entry.answer) return { ...entry, answer: { ...entry.answer, progress: "sent" } };
      if (isTheirs(entry) || entry.progress !== "pending") return entry;
      return { ...entry, progress: "sent" };
    });
    return changed ? [{ do: "save" }, { do: "show" }] : [];
  }

  private refused(id: string, code: string): Effect[] {
    this.uploads.delete(id);
    this.change(id, (entry) => {
      if (entry.kind === "file" && entry.answer) return { ...entry, answer: { ...entry.answer, progress: "refused" } };
      if (isTheirs(entry)) return entry;
      return { ...entry, progress: "refused", code };
    });
    return [{ do: "forget-bytes", id }, { do: "save" }, { do: "show" }];
  }

  /** Everything of the customer up to this message was seen. */
  private seen(id: string): Effect[] {
    const last = this.kept.entries.findIndex((entry) => entry.id === id);
    this.kept.entries = this.kept.entries.map((entry, index) =>
      index <= last && (entry.kind === "mine" || entry.kind === "upload") && entry.progress === "sent"
        ? { ...entry, progress: "seen" }
        : entry,
    );
    return [{ do: "save" }, { do: "show" }];
  }

  private theyType(on: boolean, name: string | undefined): Effect[] {
    this.typing = on ? { ...(name && { name }) } : undefined;
    const timer: Effect = on
      ? { do: "timer", name: "their-typing", ms: THEIR_TYPING_MS }
      : { do: "cancel", name: "their-typing" };
    return [timer, { do: "show" }];
  }

  // ---- What the customer does ----

  say(text: string, id: string, now: number): Effect[] {
    return this.tell({ kind: "mine", id, at: now, text, progress: "pending" });
  }

  /** Picks one of the choices of an entry; only the first pick counts. */
  choose(entryId: string, choiceId: string, id: string, now: number): Effect[] {
    const asked = this.kept.entries.find((entry) => entry.id === entryId);
    if (asked?.kind !== "choices" || asked.chosen !== undefined) return [];
    const choice = asked.items.find((item) => item.id === choiceId);
    if (!choice) return [];
    this.change(entryId, (entry) => (entry.kind === "choices" ? { ...entry, chosen: choiceId } : entry));
    return this.tell({
      kind: "mine",
      id,
      at: now,
      text: choice.title,
      progress: "pending",
      picked: { entry: entryId, choice: choiceId },
    });
  }

  /** The bytes are the driver's: they are kept under the same id. */
  attach(file: { name: string; mime: string; size: number }, id: string, now: number): Effect[] {
    return this.tell({ kind: "upload", id, at: now, ...file, progress: "pending" });
  }

  /** Takes or declines the agent's file. */
  answer(entryId: string, accepted: boolean): Effect[] {
    const changed = this.change(entryId, (entry) =>
      entry.kind === "file" && !entry.answer ? { ...entry, answer: { accepted, progress: "pending" } } : entry,
    );
    if (!changed) return [];
    return [{ do: "save" }, ...this.now({ op: "file", id: entryId, accepted }), { do: "show" }];
  }

  leave(id: string, now: number): Effect[] {
    return this.tell({ kind: "left", id, at: now, progress: "pending" });
  }

  /** A key was pressed, or the text was emptied. */
  typed(anything: boolean, now: number): Effect[] {
    if (!anything) return this.typedAt > 0 ? [{ do: "cancel", name: "my-typing" }, ...this.rested()] : [];
    const rest: Effect = { do: "timer", name: "my-typing", ms: MY_TYPING_MS + 2_000 };
    if (now - this.typedAt < MY_TYPING_MS) return [rest];
    this.typedAt = now;
    return [rest, ...this.now({ op: "typing", on: true })];
  }

  private rested(): Effect[] {
    this.typedAt = 0;
    return this.now({ op: "typing", on: false });
  }

  /** Everything was in view. */
  sawAll(): Effect[] {
    const last = this.kept.entries.findLast(isTheirs);
    if (!last || last.at <= this.kept.readAt) return [];
    this.kept.readAt = last.at;
    return [{ do: "save" }, ...this.now({ op: "read", at: last.at }), { do: "show" }];
  }

  private tell(entry: Entry): Effect[] {
    this.add(entry);
    this.typedAt = 0;
    const [frame] = outbox([entry]);
    // Kept before it leaves: a page that dies in between sends it again.
    return [{ do: "save" }, { do: "cancel", name: "my-typing" }, ...(frame ? this.now(frame) : []), { do: "show" }];
  }

  /** Only while somebody listens: what is pending goes out after the next `ready` anyway. */
  private now(frame: Outgoing): Effect[] {
    return this.status === "online" ? [{ do: "send", frame }] : [];
  }

  // ---- Files on their way to the host ----

  private slot(slot: Slot): Effect[] {
    const id = this.pendingUpload(slot.slot);
    if (!id || this.uploads.has(id)) return [];
    this.uploads.set(id, 0);
    return [{ do: "put", id, slot }, { do: "show" }];
  }

  private slotRefused(name: string, code: string): Effect[] {
    const id = this.pendingUpload(name);
    if (!id) return [];
    if (code === "too-large") return this.refused(id, "file-too-large");
    if (code === "type-not-allowed") return this.refused(id, "file-type");
    return [{ do: "timer", name: "uploads", ms: UPLOADS_AGAIN_MS }];
  }

  /** The plugin puts the customer before our id. */
  private pendingUpload(slot: string): string | undefined {
    const fits = (entry: Entry): boolean =>
      entry.kind === "upload" && entry.progress === "pending" && (slot === entry.id || slot.endsWith(`/${entry.id}`));
    return this.kept.entries.find(fits)?.id;
  }

  uploadProgressed(id: string, part: number): Effect[] {
    if (!this.uploads.has(id)) return [];
    this.uploads.set(id, part);
    return [{ do: "show" }];
  }

  /** The host answered the upload with this status; 0 if it did not answer; -1 if the bytes are gone. */
  uploaded(id: string, status: number): Effect[] {
    this.uploads.delete(id);
    if (status >= 200 && status < 300) return [...this.taken(id), { do: "forget-bytes", id }];
    // 400: other bytes than were announced. The file was changed since it was chosen.
    if (status === -1 || status === 400) return this.refused(id, "file-lost");
    if (status === 413) return this.refused(id, "file-too-large");
    if (status === 415) return this.refused(id, "file-type");
    return [{ do: "timer", name: "uploads", ms: UPLOADS_AGAIN_MS }, { do: "show" }];
  }

  private askForSlots(): Effect[] {
    const waiting = outbox(this.kept.entries).filter((frame) => frame.op === "upload" && !this.uploads.has(frame.id));
    return waiting.flatMap((frame) => this.now(frame));
  }

  // ---- The transcript ----

  /** Another tab wrote its state, or the customer signed in. */
  learned(other: Kept): Effect[] {
    this.kept = merge(other, this.kept);
    return [{ do: "show" }];
  }

  private add(entry: Entry): void {
    this.kept.entries = bounded([...this.kept.entries, entry]);
  }

  private change(id: string, how: (entry: Entry) => Entry): boolean {
    let changed = false;
    this.kept.entries = this.kept.entries.map((entry) => {
      if (entry.id !== id) return entry;
      const after = how(entry);
      changed ||= after !== entry;
      return after;
    });
    return changed;
  }
}
