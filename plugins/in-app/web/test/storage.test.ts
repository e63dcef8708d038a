import assert from "node:assert/strict";
import { test } from "node:test";
import { Storage, type Cabinet } from "../src/storage.ts";
import { bounded, empty, merge, restored, unread, type Entry } from "../src/transcript.ts";

class Drawer implements Cabinet {
  readonly all = new Map<string, string>();
  full = false;
  getItem(key: string): string | null {
    return this.all.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.all.set(key, value);
  }
  removeItem(key: string): void {
    this.all.delete(key);
  }
}

const said = (id: string, progress: "pending" | "sent" = "pending"): Entry => ({ kind: "mine", id, at: 1, text: id, progress });
let secrets = 0;
const secret = (): string => `secret-${(secrets += 1)}`;

test("a visitor is the same after a reload", () => {
  const drawer = new Drawer();
  const before = new Storage(drawer, "https://h/channels/web", secret);
  const { kept } = before.open(undefined);
  before.save(undefined, { ...kept, entries: [said("a")], seq: 4 });
  const after = new Storage(drawer, "https://h/channels/web", secret).open(undefined).kept;
  assert.equal(after.visitor, kept.visitor);
  assert.deepEqual([after.seq, after.entries.length], [4, 1]);
});

test("two channels know nothing of each other", () => {
  const drawer = new Drawer();
  const one = new Storage(drawer, "https://h/channels/one", secret);
  one.save(undefined, { ...one.open(undefined).kept, entries: [said("a")] });
  assert.equal(new Storage(drawer, "https://h/channels/two", secret).open(undefined).kept.entries.length, 0);
});

test("without storage, with a full one and with a broken one the chat goes on", () => {
  const drawer = new Drawer();
  drawer.full = true;
  for (const cabinet of [undefined, drawer]) {
    const storage = new Storage(cabinet, "x", secret);
    const { kept } = storage.open(undefined);
    assert.equal(storage.save(undefined, { ...kept, entries: [said("a")] }).entries.length, 1);
  }
  const broken = new Drawer();
  broken.all.set(new Storage(broken, "x", secret).keyOf(undefined), '{"entries":7');
  assert.equal(new Storage(broken, "x", secret).open(undefined).kept.entries.length, 0);
});

test("who signs in takes along what they said before, and the next person on that computer does not", () => {
  const drawer = new Drawer();
  const storage = new Storage(drawer, "x", secret);
  const anonymous = storage.open(undefined).kept;
  storage.save(undefined, { ...anonymous, entries: [said("a", "sent")], seq: 9 });
  const ana = storage.open("ana");
  assert.equal(ana.linked, anonymous.visitor);
  assert.deepEqual(ana.kept.entries.map((entry) => entry.id), ["a"]);
  assert.equal(ana.kept.seq, 0, "the person's log is read from its beginning");
  const bob = storage.open("bob");
  assert.equal(bob.linked, undefined);
  assert.equal(bob.kept.entries.length, 0);
  assert.notEqual(storage.open(undefined).kept.visitor, anonymous.visitor);
});

test("a link that nobody confirmed is made again by the same person only", () => {
  const drawer = new Drawer();
  const storage = new Storage(drawer, "x", secret);
  storage.save(undefined, { ...storage.open(undefined).kept, entries: [said("a")] });
  const first = storage.open("ana").linked;
  assert.equal(new Storage(drawer, "x", secret).open("ana").linked, first);
});

test("two tabs lose nothing of each other", () => {
  const drawer = new Drawer();
  const [one, two] = [new Storage(drawer, "x", secret), new Storage(drawer, "x", secret)];
  const kept = one.open(undefined).kept;
  one.save(undefined, { ...kept, entries: [said("a"), said("b")], seq: 3 });
  const together = two.save(undefined, { ...kept, entries: [said("a", "sent"), said("c")], seq: 2 });
  assert.deepEqual(together.entries.map((entry) => entry.id), ["a", "b", "c"]);
  assert.equal(together.seq, 3);
  assert.equal(together.entries[0]?.kind === "mine" && together.entries[0].progress, "sent");
});

test("merging the same twice changes nothing", () => {
  const kept = { ...empty("v"), seq: 2, entries: [said("a"), said("b", "sent")] };
  assert.deepEqual(merge(kept, kept), kept);
});

test("a long transcript forgets its oldest entries but nothing that waits", () => {
  const entries = [said("waits"), ...Array.from({ length: 400 }, (_, index) => said(`s${index}`, "sent"))];
  const left = bounded(entries);
  assert.equal(left.length, 301);
  assert.deepEqual([left[0]?.id, left.at(-1)?.id], ["waits", "s399"]);
});

test("what was stored by something else is not trusted", () => {
  for (const value of [null, 7, "x", {}, { visitor: 7, entries: [] }, { visitor: "v", entries: "no" }]) assert.equal(restored(value), undefined);
  assert.deepEqual(restored({ visitor: "v", entries: [null, 7, { id: 1 }], seq: -1, at: "x" }), empty("v"));
});

test("the system's words ring no bell", () => {
  const from = (role: "agent" | "system"): Entry => ({ kind: "message", id: role, at: 5, from: { role }, text: "x" });
  assert.equal(unread({ ...empty("v"), readAt: 4, entries: [from("agent"), from("system")] }), 1);
  assert.equal(unread({ ...empty("v"), readAt: 5, entries: [from("agent")] }), 0);
});
