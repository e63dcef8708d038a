/**
 * A host for the page alone: plugin, log and upload slots as `plugin-sdk/README.md` and the plugin's README describe
 * them, in memory. For looking at the element and for tests in a browser; no part of the product.
 *
 * Speaks just enough of RFC 6455 for one page: text frames, close, ping.
 */

import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

type Json = Record<string, unknown>;

/** What a page may do under the policy the pages of this server have: no inline style or script, no eval. */
export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";

class Connection {
  visitor: string | undefined;
  private buffer = Buffer.alloc(0);
  private readonly stream: Duplex;
  private readonly heard: (frame: Json) => void;

  constructor(stream: Duplex, heard: (frame: Json) => void) {
    this.stream = stream;
    this.heard = heard;
    stream.on("data", (bytes: Buffer) => this.read(bytes));
    stream.on("error", () => stream.destroy());
  }

  send(frame: unknown): void {
    this.write(1, Buffer.from(JSON.stringify(frame)));
  }

  close(code: number): void {
    const body = Buffer.alloc(2);
    body.writeUInt16BE(code);
    this.write(8, body);
    this.stream.end();
  }

  /** As a cut cable. */
  cut(): void {
    this.stream.destroy();
  }

  private write(opcode: number, body: Buffer): void {
    const head = body.length > 65_535 ? Buffer.alloc(10) : body.length > 125 ? Buffer.alloc(4) : Buffer.alloc(2);
    head[0] = 0x80 | opcode;
    head[1] = head.length === 10 ? 127 : head.length === 4 ? 126 : body.length;
    if (head.length === 10) head.writeBigUInt64BE(BigInt(body.length), 2);
    if (head.length === 4) head.writeUInt16BE(body.length, 2);
    if (this.stream.writable) this.stream.write(Buffer.concat([head, body]));
  }

  private read(bytes: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    for (;;) {
      const buffer = this.buffer;
      if (buffer.length < 6) return;
      let length = (buffer[1] ?? 0) & 127;
      let at = 2;
      if (length === 126) [length, at] = [buffer.readUInt16BE(2), 4];
      else if (length === 127) [length, at] = [Number(buffer.readBigUInt64BE(2)), 10];
      if (buffer.length < at + 4 + length) return;
      const mask = buffer.subarray(at, at + 4);
      const body = Buffer.from(buffer.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
      this.buffer = buffer.subarray(at + 4 + length);
      const opcode = (buffer[0] ?? 0) & 15;
      if (opcode === 8) return void this.stream.end();
      if (opcode === 1) this.heard(JSON.parse(body.toString()) as Json);
    }
  }
}

/** What a test may change while it runs. */
export interface Manners {
  /** Frames are taken, but the page is not told. */
  silent: boolean;
  /** New sockets are refused. */
  down: boolean;
  identity: "anonymous" | "jwt";
  title: string;
}

export class StandIn {
  readonly manners: Manners = { silent: false, down: false, identity: "anonymous", title: "Acme support" };
  /** What customers did, once each, in the order taken. */
  readonly taken: Json[] = [];
  /** Every frame that came, also repeated ones. */
  readonly frames: Json[] = [];
  /** Bytes by the id of the upload. */
  readonly files = new Map<string, Buffer>();
  onTaken: (frame: Json) => void = () => undefined;
  private readonly log: Json[] = [];
  private readonly keys = new Set<string>();
  private readonly slots = new Map<string, Json>();
  private readonly shared = new Map<string, { type: string; bytes: Buffer }>();
  private readonly connections = new Set<Connection>();
  private readonly server: Server;
  private readonly pages: Record<string, string>;

  /** `pages`: the HTML of each path; scripts and styles beside `/trunkline-chat.js` are theirs, too. */
  constructor(pages: Record<string, string>) {
    this.pages = pages;
    this.server = createServer((request, response) => void this.answer(request, response));
    this.server.on("upgrade", (request, stream: Duplex) => this.upgrade(request, stream));
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.cut();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** To the customer's log. */
  push(what: Json, from: Json = { role: "agent", name: "Ana García" }, at = Date.now()): void {
    const frame = { id: `d1-1-${this.log.length + 1}`, at, from, ...what };
    this.log.push(frame);
    for (const connection of this.connections) if (connection.visitor) connection.send(frame);
  }

  signal(frame: Json): void {
    for (const connection of this.connections) if (connection.visitor) connection.send(frame);
  }

  /** A file that an agent offers. */
  offer(name: string, mime: string, bytes: Buffer): void {
    const token = randomBytes(12).toString("hex");
    this.shared.set(token, { type: mime, bytes });
    this.push({ type: "file", name, mime, size: bytes.length, url: `${this.origin()}/media/${token}` });
  }

  /** All connections break. */
  cut(): void {
    for (const connection of this.connections) connection.cut();
  }

  private origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private upgrade(request: IncomingMessage, stream: Duplex): void {
    if (this.manners.down) return void stream.destroy();
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`, "Sec-WebSocket-Protocol: wchat.1"];
    stream.write(`${lines.join("\r\n")}\r\n\r\n`);
    const connection: Connection = new Connection(stream, (frame) => this.hear(connection, frame));
    this.connections.add(connection);
    stream.on("close", () => this.connections.delete(connection));
  }

  private hear(connection: Connection, frame: Json): void {
    this.frames.push(frame);
    switch (frame["op"]) {
      case "hello":
        return this.greet(connection, frame);
      case "ping":
        return connection.send({ op: "pong" });
      case "say":
      case "choose":
      case "leave":
      case "file":
        return this.take(connection, frame);
      case "upload":
        return this.slot(connection, frame);
      default:
    }
  }

  private greet(connection: Connection, frame: Json): void {
    if (this.manners.identity === "jwt" && typeof frame["token"] !== "string") {
      connection.send({ op: "bye", code: "token-required" });
      return connection.close(4401);
    }
    connection.visitor = String(frame["visitor"] ?? frame["token"]);
    const limits = { text: 4000, file_bytes: 20 * 1024 * 1024, file_types: ["image/*", "application/pdf", "text/plain"] };
    connection.send({ op: "ready", title: this.manners.title, known: false, limits });
    for (const kept of this.log.slice(Number(frame["after"]))) connection.send(kept);
  }

  private take(connection: Connection, frame: Json): void {
    const key = `${String(frame["op"])} ${String(frame["id"])}`;
    const first = !this.keys.has(key);
    this.keys.add(key);
    if (first) this.taken.push(frame);
    if (!this.manners.silent) connection.send({ op: "taken", id: frame["id"] });
    if (first) this.onTaken(frame);
  }

  private slot(connection: Connection, frame: Json): void {
    const token = randomBytes(12).toString("hex");
    this.slots.set(token, frame);
    connection.send({
      upload: { slot: `visitor/${String(frame["id"])}`, method: "PUT", url: `${this.origin()}/media/${token}`, headers: { "content-type": frame["type"] }, size: frame["size"], expires_at: Date.now() + 900_000 },
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://host").pathname;
    if (path.startsWith("/media/")) return this.media(request, response, path.slice("/media/".length));
    if (path === "/trunkline-chat.js") return void response.setHeader("content-type", "text/javascript").end(await readFile("dist/trunkline-chat.js"));
    const page = this.pages[path];
    if (page === undefined) return void response.writeHead(404).end();
    const type = path.endsWith(".css") ? "text/css" : path.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8";
    response.setHeader("content-type", type).setHeader("content-security-policy", POLICY).end(page);
  }

  private async media(request: IncomingMessage, response: ServerResponse, token: string): Promise<void> {
    response.setHeader("access-control-allow-origin", "*");
    const shared = this.shared.get(token);
    if (request.method === "GET" && shared) return void response.setHeader("content-type", shared.type).end(shared.bytes);
    const slot = this.slots.get(token);
    if (request.method !== "PUT" || !slot) return void response.writeHead(404).end();
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const id = String(slot["id"]);
    if (!this.files.has(id)) {
      this.files.set(id, Buffer.concat(parts));
      this.taken.push(slot);
      this.onTaken(slot);
    }
    response.writeHead(204).end();
  }
}
