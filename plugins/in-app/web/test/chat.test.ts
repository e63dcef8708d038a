/** The state machine alone: what happens goes in, what is to be done comes out. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Chat, type Effect } from "../src/chat.ts";
import { empty, type Kept } from "../src/transcript.ts";

const READY = JSON.stringify({ op: "ready", title: "Acme", known: false, limits: { text: 4000, file_bytes: 1000, file_types: ["image/*"] } });

const message = (id: string, at = 1): string => JSON.stringify({ type: "message", id, at, from: { role: "agent", name: "Ana" }, text: id });

function fresh(kept: Kept = empty("secret")): Chat {
  return new Chat(kept, () => ({ visitor: kept.visitor }));
}

function online(kept?: Kept): Chat {
  const chat = fresh(kept);
  chat.start();
  chat.opened();
  chat.received(READY);
  return chat;
}

function sent(effects: Effect[]): unknown[] {
  return effects.flatMap((effect) => (effect.do === "send" ? [effect.frame] : []));
}

function does(effects: Effect[], what: Effect["do"]): boolean {
  return effects.some((effect) => effect.do === what);
}

/** As after a reload: what was kept went through storage. */
function reloaded(chat: Chat): Kept {
  return JSON.parse(JSON.stringify(chat.kept)) as Kept;
}

const ids = (chat: Chat): string[] => chat.kept.entries.map((entry) => entry.id);

test("hello says how much of the log the page has", () => {
  const chat = fresh({ ...empty("secret"), seq: 42, at: 7 });
  chat.start();
  assert.deepEqual(sent(chat.opened()), [{ op: "hello", visitor: "secret", after: 42, at: 7, client: "trunkline-chat/1" }]);
});

test("a message is kept before it leaves, and waits until it is taken", () => {
  const chat = online();
  const effects = chat.say("hello", "m1", 5);
  const order = effects.map((effect) => effect.do);
  assert.ok(order.indexOf("save") < order.indexOf("send"));
  assert.deepEqual(sent(effects), [{ op: "say", id: "m1", text: "hello" }]);
  chat.received('{"op":"taken","id":"m1"}');
  const [entry] = chat.kept.entries;
  assert.equal(entry?.kind === "mine" && entry.progress, "sent");
});

test("what was written without a connection goes out when there is one, in order", () => {
  const chat = fresh();
  chat.start();
  assert.deepEqual(sent(chat.say("one", "m1", 1)), []);
  assert.deepEqual(sent(chat.say("two", "m2", 2)), []);
  chat.opened();
  assert.deepEqual(sent(chat.received(READY)).map((frame) => (frame as { id: string }).id), ["m1", "m2"]);
});

test("what nobody acknowledged is sent again with the same id, after a break and after a reload", () => {
  const chat = online();
  chat.say("one", "m1", 1);
  chat.say("two", "m2", 2);
  chat.received('{"op":"taken","id":"m1"}');
  chat.closed(1006, 0);
  chat.again();
  chat.opened();
  assert.deepEqual(sent(chat.received(READY)), [{ op: "say", id: "m2", text: "two" }]);
  const later = fresh(reloaded(chat));
  later.start();
  later.opened();
  assert.deepEqual(sent(later.received(READY)), [{ op: "say", id: "m2", text: "two" }]);
});

test("frames of the log are counted, also over breaks", () => {
  const chat = online();
  chat.received(message("d1", 10));
  chat.received('{"op":"typing","on":true,"from":{"role":"agent"}}');
  chat.received(message("d2", 20));
  chat.closed(1012, 0);
  chat.again();
  assert.deepEqual(sent(chat.opened()), [{ op: "hello", visitor: "secret", after: 2, at: 20, client: "trunkline-chat/1" }]);
  chat.received(READY);
  chat.received(message("d3", 30));
  assert.equal(chat.kept.seq, 3);
  assert.deepEqual(ids(chat), ["d1", "d2", "d3"]);
});

test("a frame that comes twice is shown once", () => {
  const chat = online();
  chat.received(message("d1"));
  const effects = chat.received(message("d1"));
  assert.deepEqual(ids(chat), ["d1"]);
  assert.ok(!does(effects, "announce"));
  assert.equal(chat.kept.seq, 2);
});

test("a log that is read again from its beginning brings older frames to their place", () => {
  const chat = online({ ...empty("secret"), at: 20, entries: [{ kind: "message", id: "d2", at: 20, from: { role: "agent" }, text: "d2" }] });
  chat.received(message("d1", 10));
  chat.received(message("d2", 20));
  chat.received(message("d3", 30));
  assert.deepEqual(ids(chat), ["d1", "d2", "d3"]);
});

test("a gap moves the count", () => {
  const chat = online();
  chat.received('{"gap":{"after":0,"next":61}}');
  chat.received(message("d61"));
  assert.equal(chat.kept.seq, 61);
});

test("a store that began anew is counted from there", () => {
  const chat = online({ ...empty("secret"), seq: 43 });
  chat.received('{"gap":{"after":43,"next":3}}');
  chat.received(message("d3"));
  assert.equal(chat.kept.seq, 3);
});

test("another tab's frames do not shift this tab's count", () => {
  const chat = online();
  chat.received(message("d1"));
  chat.learned({ ...empty("secret"), seq: 2, entries: [...chat.kept.entries, { kind: "message", id: "d2", at: 2, from: { role: "agent" }, text: "d2" }] });
  chat.received(message("d2"));
  assert.equal(chat.kept.seq, 2);
  assert.deepEqual(ids(chat), ["d1", "d2"]);
});

test("a lost connection is made again after a growing wait, at once when the network is back", () => {
  const chat = online();
  const waits = [0, 1, 2].map(() => {
    const timer = chat.closed(1006, 1).find((effect) => effect.do === "timer" && effect.name === "retry");
    assert.ok(does(chat.timer("retry"), "connect"));
    return timer?.do === "timer" ? timer.ms : 0;
  });
  assert.deepEqual(waits, [500, 1000, 2000]);
  chat.closed(1006, 1);
  assert.ok(does(chat.again(), "connect"));
  assert.ok(!does(chat.again(), "connect"), "one attempt at a time");
});

test("a connection that worked begins the waits anew", () => {
  const chat = online();
  for (const _ of [1, 2, 3]) {
    chat.closed(1006, 1);
    chat.again();
  }
  chat.opened();
  chat.received(READY);
  const timer = chat.closed(1006, 1).find((effect) => effect.do === "timer" && effect.name === "retry");
  assert.equal(timer?.do === "timer" && timer.ms, 500);
});

test("a dead line is noticed: nothing heard, asked, no answer", () => {
  const chat = online();
  assert.deepEqual(sent(chat.timer("heartbeat")), [{ op: "ping" }]);
  assert.ok(does(chat.timer("silence"), "disconnect"));
  assert.deepEqual(sent(chat.awake()), [{ op: "ping" }], "after a closed lid at once");
});

test("without a good token the page is asked for another, and waits for it", () => {
  const chat = fresh();
  chat.start();
  chat.opened();
  const effects = chat.received('{"op":"bye","code":"token-expired"}');
  assert.deepEqual(effects.filter((effect) => effect.do === "want-token"), [{ do: "want-token", code: "token-expired" }]);
  assert.ok(!chat.closed(4401, 0).some((effect) => effect.do === "timer"));
  assert.equal(chat.status, "signed-out");
  assert.ok(does(chat.again(), "connect"));
});

test("a page that may not embed the chat says so and asks again later", () => {
  const chat = online();
  assert.deepEqual(chat.closed(4403, 0).filter((effect) => effect.do === "timer"), [{ do: "timer", name: "retry", ms: 60_000 }]);
  assert.equal(chat.status, "denied");
});

test("a frame the host cannot read is given up and does not stop the others", () => {
  const chat = online();
  chat.say("bad", "m1", 1);
  chat.say("good", "m2", 2);
  for (const _ of [1, 2, 3]) {
    chat.closed(4400, 0);
    chat.again();
    chat.opened();
  }
  assert.deepEqual(sent(chat.received(READY)), [{ op: "say", id: "m2", text: "good" }]);
});

test("a choice is made once", () => {
  const chat = online();
  chat.received(JSON.stringify({ type: "choices", id: "d1", at: 1, from: { role: "bot" }, text: "Which?", items: [{ id: "a", title: "Apples" }] }));
  assert.deepEqual(sent(chat.choose("d1", "none", "m0", 1)), []);
  assert.deepEqual(sent(chat.choose("d1", "a", "m1", 1)), [{ op: "choose", id: "m1", choice: "a", title: "Apples" }]);
  assert.deepEqual(sent(chat.choose("d1", "a", "m2", 2)), []);
});

test("an offer is answered once, and the answer is sent again until it is taken", () => {
  const chat = online();
  chat.received(JSON.stringify({ type: "file", id: "d1", at: 1, from: { role: "agent" }, name: "a.pdf", mime: "application/pdf", size: 3, url: "https://h/media/t" }));
  assert.deepEqual(sent(chat.answer("d1", true)), [{ op: "file", id: "d1", accepted: true }]);
  assert.deepEqual(sent(chat.answer("d1", false)), []);
  const later = fresh(reloaded(chat));
  later.start();
  later.opened();
  assert.deepEqual(sent(later.received(READY)), [{ op: "file", id: "d1", accepted: true }]);
  later.received('{"op":"taken","id":"d1"}');
  assert.deepEqual(sent(fresh(reloaded(later)).received(READY)), []);
});

test("a file goes: slot, bytes, taken", () => {
  const chat = online();
  assert.deepEqual(sent(chat.attach({ name: "a.png", mime: "image/png", size: 3 }, "f1", 1)), [{ op: "upload", id: "f1", name: "a.png", type: "image/png", size: 3 }]);
  const slot = '{"upload":{"slot":"anonymous:x/f1","url":"https://h/media/t","headers":{}}}';
  assert.ok(does(chat.received(slot), "put"));
  assert.ok(!does(chat.received(slot), "put"), "one upload at a time");
  assert.ok(does(chat.uploaded("f1", 204), "forget-bytes"));
  assert.equal(chat.kept.entries[0]?.kind === "upload" && chat.kept.entries[0].progress, "sent");
});

test("an upload that broke asks for another slot", () => {
  const chat = online();
  chat.attach({ name: "a.png", mime: "image/png", size: 3 }, "f1", 1);
  chat.received('{"upload":{"slot":"f1","url":"https://h/media/t"}}');
  for (const status of [0, 404, 503]) {
    assert.ok(chat.uploaded("f1", status).some((effect) => effect.do === "timer" && effect.name === "uploads"));
    assert.deepEqual(sent(chat.timer("uploads")), [{ op: "upload", id: "f1", name: "a.png", type: "image/png", size: 3 }]);
  }
  chat.received('{"upload":{"slot":"f1","error":"type-not-allowed"}}');
  assert.equal(chat.kept.entries[0]?.kind === "upload" && chat.kept.entries[0].code, "file-type");
});

test("a file that was changed since it was chosen has to be chosen again", () => {
  for (const status of [400, -1]) {
    const chat = online();
    chat.attach({ name: "a.png", mime: "image/png", size: 3 }, "f1", 1);
    chat.received('{"upload":{"slot":"f1","url":"https://h/media/t"}}');
    assert.ok(does(chat.uploaded("f1", status), "forget-bytes"));
    assert.equal(chat.kept.entries[0]?.kind === "upload" && chat.kept.entries[0].code, "file-lost");
  }
});

test("seen marks everything before it, and nothing that has not arrived", () => {
  const chat = online();
  chat.say("one", "m1", 1);
  chat.say("two", "m2", 2);
  chat.say("three", "m3", 3);
  chat.received('{"op":"taken","id":"m1"}');
  chat.received('{"op":"taken","id":"m3"}');
  chat.received('{"op":"seen","id":"m3"}');
  assert.deepEqual(chat.kept.entries.map((entry) => entry.kind === "mine" && entry.progress), ["seen", "pending", "seen"]);
});

test("typing is told now and then, and ends", () => {
  const chat = online();
  assert.deepEqual(sent(chat.typed(true, 10_000)), [{ op: "typing", on: true }]);
  assert.deepEqual(sent(chat.typed(true, 11_000)), []);
  assert.deepEqual(sent(chat.typed(true, 13_000)), [{ op: "typing", on: true }]);
  assert.deepEqual(sent(chat.timer("my-typing")), [{ op: "typing", on: false }]);
  assert.deepEqual(sent(chat.typed(false, 14_000)), []);
});

test("their typing fades, and ends with what they wrote", () => {
  const chat = online();
  chat.received('{"op":"typing","on":true,"from":{"role":"agent","name":"Ana"}}');
  assert.deepEqual(chat.typing, { name: "Ana" });
  chat.timer("their-typing");
  assert.equal(chat.typing, undefined);
  chat.received('{"op":"typing","on":true,"from":{"role":"agent"}}');
  chat.received(message("d1"));
  assert.equal(chat.typing, undefined);
});

test("what was in view is told once", () => {
  const chat = online();
  chat.received(message("d1", 10));
  assert.deepEqual(sent(chat.sawAll()), [{ op: "read", at: 10 }]);
  assert.deepEqual(sent(chat.sawAll()), []);
});

test("frames that arrive together are acknowledged once, with the last", () => {
  const chat = online();
  chat.received(message("d1", 10));
  chat.received(message("d2", 20));
  assert.deepEqual(sent(chat.timer("ack")), [{ op: "ack", at: 20 }]);
});

test("after stop nothing is left running", () => {
  const chat = online();
  chat.say("one", "m1", 1);
  assert.ok(does(chat.stop(), "disconnect"));
  assert.deepEqual(chat.closed(1006, 0), []);
  assert.deepEqual(chat.again(), []);
});

/** A small generator with a seed: the same run for the same number. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test("whatever breaks whenever: nothing lost, nothing twice, order kept, both ways", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const chance = chances(seed);
    const log: string[] = [];
    const keys = new Map<string, string>();
    let kept = empty("secret");
    let chat = fresh(kept);
    let up = false;
    const deliver = (effects: Effect[]): void => {
      for (const frame of sent(effects) as { op: string; id: string; text: string; after: number }[]) {
        if (!up) return;
        if (frame.op === "hello") {
          deliver(chat.received(READY));
          for (const one of log.slice(frame.after)) if (up) deliver(chat.received(one));
        }
        if (frame.op !== "say") continue;
        if (chance() < 0.1) {
          // It broke on the way there.
          up = false;
          chat.closed(1006, 0);
          return;
        }
        if (!keys.has(frame.id)) keys.set(frame.id, frame.text);
        if (chance() < 0.2) {
          // Or on the way back.
          up = false;
          chat.closed(1006, 0);
          return;
        }
        chat.received(JSON.stringify({ op: "taken", id: frame.id }));
      }
    };
    const connect = (): void => {
      chat.start();
      chat.again();
      up = true;
      deliver(chat.opened());
    };
    for (let step = 0; step < 40; step += 1) {
      const dice = chance();
      if (dice < 0.35) deliver(chat.say(`text ${step}`, `m${step}`, step));
      else if (dice < 0.65) {
        log.push(message(`d${log.length + 1}`, log.length + 1));
        if (up) deliver(chat.received(log.at(-1) ?? ""));
      } else if (dice < 0.8) {
        up = false;
        chat.closed(1006, 0);
      } else if (dice < 0.88) {
        up = false;
        kept = reloaded(chat);
        chat = fresh(kept);
      } else if (!up) connect();
    }
    for (let tries = 0; tries < 60 && (!up || chat.kept.entries.some((entry) => entry.kind === "mine" && entry.progress === "pending")); tries += 1) {
      up = false;
      chat.closed(1006, 0);
      connect();
    }
    const mine = chat.kept.entries.filter((entry) => entry.kind === "mine").map((entry) => entry.id);
    const theirs = chat.kept.entries.filter((entry) => entry.kind === "message").map((entry) => entry.id);
    assert.deepEqual(theirs, log.map((_, index) => `d${index + 1}`), `seed ${seed}`);
    assert.deepEqual([...keys.keys()], mine, `seed ${seed}`);
  }
});
