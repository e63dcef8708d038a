import assert from "node:assert/strict";
import { test } from "node:test";
import { delayMs } from "../src/backoff.ts";
import { isPicture, refusalOf, sizeText } from "../src/files.ts";
import { pieces } from "../src/links.ts";
import { filled, isRightToLeft, stringsOf } from "../src/strings.ts";
import { subjectOf } from "../src/token.ts";

test("waits grow to half a minute and are spread", () => {
  assert.deepEqual([0, 1, 2, 3, 9, 1000].map((attempt) => delayMs(attempt, 1)), [500, 1000, 2000, 4000, 30_000, 30_000]);
  assert.deepEqual([0, 5, 1000].map((attempt) => delayMs(attempt, 0)), [250, 250, 250]);
});

test("the pieces of a text together are the text", () => {
  const texts = ["", "no link", "https://a.example", "see https://a.example/x?y=1&z=(2)#q. And www.b.example, ok", "‮https://a.example", "http://", "مرحبا https://a.example/س؟ نعم"];
  for (const text of texts) assert.equal(pieces(text).map((piece) => piece.text).join(""), text);
});

test("addresses become links without what ends the sentence", () => {
  const links = (text: string): (string | undefined)[] => pieces(text).flatMap((piece) => (piece.href === undefined ? [] : [piece.href]));
  assert.deepEqual(links("Look: https://a.example/x. Or (https://b.example/y)!"), ["https://a.example/x", "https://b.example/y"]);
  assert.deepEqual(links("https://en.example.org/wiki/Line_(telephony)"), ["https://en.example.org/wiki/Line_(telephony)"]);
  assert.deepEqual(links("www.example.com"), ["https://www.example.com"]);
});

test("nothing but http and https becomes a link", () => {
  for (const text of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "JaVaScRiPt://www", "mailto:a@b.example"]) {
    assert.ok(pieces(text).every((piece) => piece.href === undefined || /^https?:/u.test(piece.href)), text);
  }
});

test("a file is refused before it is uploaded", () => {
  const limits = { text: 10, file_bytes: 100, file_types: ["image/*", "application/pdf"] };
  assert.equal(refusalOf({ type: "image/png", size: 100 }, limits), undefined);
  assert.equal(refusalOf({ type: "image/png", size: 101 }, limits), "file-too-large");
  assert.equal(refusalOf({ type: "application/pdf; q=1", size: 1 }, limits), undefined);
  assert.equal(refusalOf({ type: "", size: 1 }, limits), "file-type");
  assert.equal(refusalOf({ type: "image/png", size: 0 }, limits), "file-empty");
});

test("scripts do not pass as pictures", () => {
  assert.ok(isPicture("image/png") && !isPicture("image/svg+xml") && !isPicture("text/html"));
});

test("sizes are written in the reader's language", () => {
  assert.equal(sizeText(1_400_000, "en"), "1.4 MB");
  assert.equal(sizeText(1_400_000, "de"), "1,4 MB");
  assert.equal(sizeText(0, "en"), "0 byte");
});

test("every language says everything", () => {
  const english = stringsOf("en");
  for (const language of ["de", "es", "fr", "ar"]) {
    const other = stringsOf(language);
    assert.deepEqual(Object.keys(other).sort(), Object.keys(english).sort());
    for (const [key, text] of Object.entries(english)) {
      const names = (value: string): string[] => (value.match(/\{\w+\}/gu) ?? []).sort();
      assert.deepEqual(names(other[key as keyof typeof other]), names(text), `${language}.${key}`);
    }
  }
  assert.equal(stringsOf("de-AT").send, "Senden");
  assert.equal(stringsOf("xx").send, "Send");
  assert.ok(isRightToLeft("ar-EG") && isRightToLeft("he") && !isRightToLeft("en"));
});

test("a name in the place of a placeholder is not read as one", () => {
  assert.equal(filled("{name} is writing…", { name: "{count}", count: "7" }), "{count} is writing…");
});

test("whose a token is can be read, or nothing", () => {
  const token = (claims: string): string => `e30.${Buffer.from(claims).toString("base64url")}.sig`;
  assert.equal(subjectOf(token('{"sub":"münchen-7"}')), "münchen-7");
  for (const bad of ["", "a.b", token("{}"), token('{"sub":7}'), token("no")]) assert.equal(subjectOf(bad), undefined);
});
