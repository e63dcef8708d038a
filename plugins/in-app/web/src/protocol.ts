/**
 * The frames between page and host, as types, and the one place that reads them. The plugin's side is `src/wire.rs`;
 * `upload` and `gap` are the host's own.
 */

/** Who wrote something that the page shows. */
export type Role = "agent" | "bot" | "system";

export interface From {
  role: Role;
  name?: string;
}

export interface Choice {
  id: string;
  title: string;
  description?: string;
}

/** A frame of the log: kept by the host, replayed after a lost connection. */
export type Logged =
  | { type: "message"; id: string; at: number; from: From; text: string }
  | { type: "file"; id: string; at: number; from: From; name: string; mime: string; size: number; url: string; caption?: string }
  | { type: "choices"; id: string; at: number; from: From; text: string; items: Choice[] }
  | { type: "closed"; id: string; at: number; from: From };

export interface Limits {
  /** Characters of a message. */
  text: number;
  /** Bytes. */
  file_bytes: number;
  /** Media types, `image/*` for all of a kind. */
  file_types: string[];
}

/** Where the bytes of a file go. */
export interface Slot {
  slot: string;
  url: string;
  method: string;
  headers: Record<string, string>;
}

export type Incoming =
  | { op: "ready"; title: string; known: boolean; name?: string; limits: Limits }
  | { op: "taken"; id: string }
  | { op: "refused"; id?: string; code: string }
  | { op: "bye"; code: string }
  | { op: "pong" }
  | { op: "typing"; on: boolean; from: From }
  | { op: "seen"; id: string }
  | { op: "logged"; frame: Logged }
  | { op: "slot"; slot: Slot }
  | { op: "slot-refused"; slot: string; code: string }
  | { op: "gap"; next: number }
  | { op: "unknown" };

export type Outgoing =
  | { op: "hello"; visitor?: string; token?: string; after: number; at: number; locale?: string; page?: string; client: string }
  | { op: "say"; id: string; text: string }
  | { op: "choose"; id: string; choice: string; title: string }
  | { op: "upload"; id: string; name: string; type: string; size: number }
  | { op: "typing"; on: boolean }
  | { op: "ack"; at: number }
  | { op: "read"; at: number }
  | { op: "file"; id: string; accepted: boolean }
  | { op: "leave"; id: string }
  | { op: "ping" };

/** WebSocket subprotocol. */
export const PROTOCOL = "wchat.1";

type Fields = Record<string, unknown>;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Reads one frame. What a newer host sends and this page does not know is `unknown`, or its fallback text. */
export function read(frame: string): Incoming {
  let parsed: unknown;
  try {
    parsed = JSON.parse(frame);
  } catch {
    return { op: "unknown" };
  }
  const all = fields(parsed);
  if ("upload" in all) return slot(fields(all["upload"]));
  if ("gap" in all) return { op: "gap", next: number(fields(all["gap"])["next"]) };
  return "type" in all ? logged(all) : control(all);
}

function control(all: Fields): Incoming {
  const id = text(all["id"]);
  switch (all["op"]) {
    case "ready": {
      const name = text(all["name"]);
      return {
        op: "ready",
        title: text(all["title"]),
        known: all["known"] === true,
        ...(name && { name }),
        limits: limits(fields(all["limits"])),
      };
    }
    case "taken":
    case "seen":
      return { op: all["op"], id };
    case "refused":
      return { op: "refused", ...(id && { id }), code: text(all["code"]) };
    case "bye":
      return { op: "bye", code: text(all["code"]) };
    case "pong":
      return { op: "pong" };
    case "typing":
      return { op: "typing", on: all["on"] === true, from: from(all["from"]) };
    default:
      return { op: "unknown" };
  }
}

function logged(all: Fields): Incoming {
  const shared = { id: text(all["id"]), at: number(all["at"]), from: from(all["from"]) };
  return { op: "logged", frame: contentOf(all, shared) };
}

function contentOf(all: Fields, shared: { id: string; at: number; from: From }): Logged {
  switch (all["type"]) {
    case "file": {
      const url = text(all["url"]);
      const caption = text(all["caption"]);
      if (!isWebAddress(url)) break;
      return {
        type: "file",
        ...shared,
        name: text(all["name"]),
        mime: text(all["mime"]),
        size: number(all["size"]),
        url,
        ...(caption && { caption }),
      };
    }
    case "choices":
      return { type: "choices", ...shared, text: text(all["text"]), items: list(all["items"]).map(choice) };
    case "closed":
      return { type: "closed", ...shared };
    default:
  }
  return { type: "message", ...shared, text: text(all["text"]) || text(all["fallback_text"]) };
}

function slot(all: Fields): Incoming {
  const name = text(all["slot"]);
  const error = text(all["error"]);
  const url = text(all["url"]);
  if (error || !isWebAddress(url)) return { op: "slot-refused", slot: name, code: error || "try-again" };
  const headers = Object.entries(fields(all["headers"])).map(([key, value]) => [key, text(value)]);
  return {
    op: "slot",
    slot: { slot: name, url, method: text(all["method"]) || "PUT", headers: Object.fromEntries(headers) },
  };
}

function from(value: unknown): From {
  const all = fields(value);
  const role = all["role"];
  const name = text(all["name"]);
  return { role: role === "agent" || role === "bot" ? role : "system", ...(name && { name }) };
}

function choice(value: unknown): Choice {
  const all = fields(value);
  const description = text(all["description"]);
  return { id: text(all["id"]), title: text(all["title"]), ...(description && { description }) };
}

function limits(all: Fields): Limits {
  return {
    text: number(all["text"]) || 4000,
    file_bytes: number(all["file_bytes"]),
    file_types: list(all["file_types"]).map(text),
  };
}

/** Nothing but http and https is ever followed: no `javascript:`, no `data:`. */
export function isWebAddress(url: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}
