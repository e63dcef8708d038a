/**
 * What was said, as the page keeps it. An entry of the customer is also its own outbox: as long as it is `pending` it
 * is sent again on every new connection, with the same id.
 *
 * Pure. Two tabs of one browser keep the same transcript; `merge` makes one of two.
 */

import type { From, Choice, Logged, Outgoing } from "./protocol.ts";

/** `pending` until the host has it on disk. */
export type Progress = "pending" | "sent" | "seen" | "refused";

export interface Mine {
  kind: "mine";
  id: string;
  at: number;
  text: string;
  progress: Progress;
  code?: string;
  /** It is the pick of one of the choices of this entry. */
  picked?: { entry: string; choice: string };
}

export interface Upload {
  kind: "upload";
  id: string;
  at: number;
  name: string;
  mime: string;
  size: number;
  progress: Progress;
  code?: string;
}

export interface Answer {
  accepted: boolean;
  progress: "pending" | "sent" | "refused";
}

export type Theirs =
  | { kind: "message"; id: string; at: number; from: From; text: string }
  | { kind: "file"; id: string; at: number; from: From; name: string; mime: string; size: number; url: string; caption?: string; answer?: Answer }
  | { kind: "choices"; id: string; at: number; from: From; text: string; items: Choice[]; chosen?: string }
  | { kind: "closed"; id: string; at: number; from: From };

export interface Left {
  kind: "left";
  id: string;
  at: number;
  progress: Progress;
}

export type Entry = Mine | Upload | Theirs | Left;

/** More than this is forgotten from the front; what is pending never is. */
const ENTRIES_MAX = 300;

/** What survives a reload. */
export interface Kept {
  /** The browser's own secret: its name with the host, as long as nobody signed in. */
  visitor: string;
  /** How many frames of the log it has. */
  seq: number;
  /** When the last of them was sent, by the host's clock. */
  at: number;
  /** Up to when everything was seen, by the host's clock. */
  readAt: number;
  entries: Entry[];
}

export function empty(visitor: string): Kept {
  return { visitor, seq: 0, at: 0, readAt: 0, entries: [] };
}

/** An entry of a frame of the log. */
export function entryOf(frame: Logged): Theirs {
  const { type, ...rest } = frame;
  return { kind: type, ...rest } as Theirs;
}

/** Whether the other side wrote it. */
export function isTheirs(entry: Entry): entry is Theirs {
  return entry.kind !== "mine" && entry.kind !== "upload" && entry.kind !== "left";
}

/** What has to be sent again until the host has it, in the order written. */
export function outbox(entries: readonly Entry[]): Outgoing[] {
  return entries.flatMap((entry) => pendingFrame(entry) ?? []);
}

function pendingFrame(entry: Entry): Outgoing | undefined {
  switch (entry.kind) {
    case "mine":
      if (entry.progress !== "pending") return undefined;
      return entry.picked
        ? { op: "choose", id: entry.id, choice: entry.picked.choice, title: entry.text }
        : { op: "say", id: entry.id, text: entry.text };
    case "upload":
      if (entry.progress !== "pending") return undefined;
      return { op: "upload", id: entry.id, name: entry.name, type: entry.mime, size: entry.size };
    case "left":
      return entry.progress === "pending" ? { op: "leave", id: entry.id } : undefined;
    case "file":
      return entry.answer?.progress === "pending"
        ? { op: "file", id: entry.id, accepted: entry.answer.accepted }
        : undefined;
    default:
      return undefined;
  }
}

/** The same list without its oldest entries, if there are too many. */
export function bounded(entries: readonly Entry[]): Entry[] {
  const surplus = entries.length - ENTRIES_MAX;
  return entries.filter((entry, index) => index >= surplus || pendingFrame(entry) !== undefined);
}

/** How many of theirs nobody has seen. Words of the system alone ring no bell. */
export function unread(kept: Kept): number {
  return kept.entries.filter((entry) => isTheirs(entry) && entry.at > kept.readAt && entry.from.role !== "system").length;
}

const RANK: Record<Progress, number> = { pending: 0, refused: 1, sent: 2, seen: 3 };

/** What two tabs know together: `theirs` first, then what only `ours` has; of two versions the one that got further. */
export function merge(theirs: Kept, ours: Kept): Kept {
  const own = new Map(ours.entries.map((entry) => [entry.id, entry]));
  const shared = theirs.entries.map((entry) => further(entry, own.get(entry.id)));
  const known = new Set(theirs.entries.map((entry) => entry.id));
  const added = ours.entries.filter((entry) => !known.has(entry.id));
  return {
    visitor: theirs.visitor,
    seq: Math.max(theirs.seq, ours.seq),
    at: Math.max(theirs.at, ours.at),
    readAt: Math.max(theirs.readAt, ours.readAt),
    entries: bounded([...shared, ...added]),
  };
}

function further(one: Entry, other: Entry | undefined): Entry {
  if (!other || one.kind !== other.kind) return one;
  return rank(other) >= rank(one) ? other : one;
}

function rank(entry: Entry): number {
  switch (entry.kind) {
    case "file":
      return entry.answer ? 1 + RANK[entry.answer.progress] : 0;
    case "choices":
      return entry.chosen === undefined ? 0 : 1;
    case "message":
    case "closed":
      return 0;
    default:
      return RANK[entry.progress];
  }
}

/** Of something read from storage, which may be anything: what is usable of it. */
export function restored(value: unknown): Kept | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const kept = value as Partial<Kept>;
  if (typeof kept.visitor !== "string" || !Array.isArray(kept.entries)) return undefined;
  const usable = (entry: unknown): entry is Entry =>
    typeof entry === "object" && entry !== null && typeof (entry as Entry).id === "string" && typeof (entry as Entry).kind === "string";
  const number = (given: unknown): number => (typeof given === "number" && given >= 0 ? given : 0);
  return {
    visitor: kept.visitor,
    seq: number(kept.seq),
    at: number(kept.at),
    readAt: number(kept.readAt),
    entries: kept.entries.filter(usable),
  };
}
