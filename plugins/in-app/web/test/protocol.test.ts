import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "../src/protocol.ts";

test("a type of a newer host shows its fallback text", () => {
  const frame = read('{"type":"form","id":"d1","at":5,"from":{"role":"bot"},"fallback_text":"Please fill in our form"}');
  assert.deepEqual(frame, { op: "logged", frame: { type: "message", id: "d1", at: 5, from: { role: "bot" }, text: "Please fill in our form" } });
});

test("a file whose address is no web address is text and never a link", () => {
  const frame = read('{"type":"file","id":"d1","at":5,"from":{"role":"agent"},"name":"x","url":"javascript:alert(1)","fallback_text":"x"}');
  assert.equal(frame.op === "logged" && frame.frame.type, "message");
});

test("what is no frame changes nothing", () => {
  for (const text of ["", "null", "[]", "7", '{"op":"sing"}', "{"]) assert.deepEqual(read(text), { op: "unknown" });
});

test("fields of a wrong type are left out", () => {
  const frame = read('{"type":"choices","id":7,"at":"late","from":"me","text":null,"items":[null,{"id":"a","title":"A","description":3}]}');
  assert.deepEqual(frame, {
    op: "logged",
    frame: { type: "choices", id: "", at: 0, from: { role: "system" }, text: "", items: [{ id: "", title: "" }, { id: "a", title: "A" }] },
  });
});

test("the host's own frames are read", () => {
  assert.deepEqual(read('{"gap":{"after":42,"next":61}}'), { op: "gap", next: 61 });
  assert.deepEqual(read('{"upload":{"slot":"m7","error":"too-large"}}'), { op: "slot-refused", slot: "m7", code: "too-large" });
  assert.deepEqual(read('{"upload":{"slot":"m7","method":"PUT","url":"https://h/media/t","headers":{"content-type":"image/png"},"size":3}}'), {
    op: "slot",
    slot: { slot: "m7", url: "https://h/media/t", method: "PUT", headers: { "content-type": "image/png" } },
  });
});
