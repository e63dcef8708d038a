import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const built = readFileSync("dist/trunkline-chat.js");

test("the element is smaller than 30 kB compressed", () => {
  const bytes = gzipSync(built, { level: 9 }).length;
  assert.ok(bytes < 30_000, `${bytes} bytes`);
});

test("it needs nothing beside itself, and no policy needs to be loosened for it", () => {
  const text = built.toString();
  for (const unwanted of [/\bfrom\s*["']/u, /\bimport\s*\(/u, /\beval\s*\(/u, /new Function\b/u, /innerHTML/u, /insertAdjacentHTML/u, /document\.write/u]) {
    assert.doesNotMatch(text, unwanted);
  }
});
