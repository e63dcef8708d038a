/** What is said and sent, over breaks and reloads, by a real browser. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { story, until, worldOf } from "./world.ts";

const sha = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const token = (subject: string): string => `e30.${Buffer.from(JSON.stringify({ sub: subject })).toString("base64url")}.x`;

story("nothing connects before somebody opens it", async ({ host, at }) => {
  await at("launcher").waitFor();
  assert.equal(host.frames.length, 0);
  await at("launcher").click();
  await until("hello", () => host.frames[0]?.["op"] === "hello");
}, { path: "/" });

story("what the host did not acknowledge is sent again after a reload, and taken once", async ({ host, page, online, say, texts }) => {
  host.manners.silent = true;
  await online();
  await say("one");
  await say("two");
  await until("both taken", () => host.taken.length === 2);
  host.manners.silent = false;
  await page.reload();
  await page.locator("[data-progress=sent]").nth(1).waitFor();
  assert.equal(host.frames.filter((frame) => frame["op"] === "say").length, 4);
  assert.equal(host.taken.length, 2);
  assert.deepEqual(await texts("mine"), ["one", "two"]);
});

story("cut again and again while both write: nothing lost, nothing twice, in order", async ({ host, page, online, say, texts }) => {
  await online();
  const numbers = [...Array(12).keys()];
  for (const number of numbers) {
    await say(`c${number}`);
    host.push({ type: "message", text: `a${number}` });
    if (number % 4 === 3) host.cut();
  }
  const theirs = numbers.map((number) => `a${number}`);
  const mine = numbers.map((number) => `c${number}`);
  await until("all taken", () => host.taken.length === 12);
  await until("all shown", async () => (await texts("agent")).length >= 12);
  assert.deepEqual(host.taken.map((frame) => frame["text"]), mine);
  assert.deepEqual(await texts("agent"), theirs);
  await page.reload();
  await online();
  assert.deepEqual([await texts("mine"), await texts("agent")], [mine, theirs]);
});

story("a file chosen while the host is down arrives after a reload, byte for byte", async ({ host, page, at, online }) => {
  await online();
  host.manners.down = true;
  host.cut();
  await at("notice").waitFor();
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256));
  await at("file-input").setInputFiles({ name: "a.pdf", mimeType: "application/pdf", buffer: bytes });
  await at("upload-progress").waitFor();
  await page.reload();
  host.manners.down = false;
  await until("the file", () => host.files.size === 1);
  assert.equal(sha([...host.files.values()][0] ?? Buffer.alloc(0)), sha(bytes));
  await page.locator("[data-progress=sent]").waitFor();
});

story("the agent's file is fetched only once it is accepted, byte for byte", async ({ host, page, at, online }) => {
  await online();
  const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 31) % 256));
  const fetched: string[] = [];
  page.on("request", (request) => fetched.push(new URL(request.url()).pathname));
  host.offer("photo.png", "image/png", bytes);
  await at("accept").waitFor();
  assert.ok(!fetched.some((path) => path.startsWith("/media/")));
  await at("accept").click();
  await until("the answer", () => host.taken.some((frame) => frame["op"] === "file" && frame["accepted"] === true));
  const address = (await at("download").getAttribute("href")) ?? "";
  const answer = await page.request.get(address);
  assert.equal(sha(await answer.body()), sha(bytes));
});

story("a declined file offers nothing any more", async ({ host, at, online }) => {
  await online();
  host.offer("a.pdf", "application/pdf", Buffer.from("x"));
  await at("decline").click();
  await until("the answer", () => host.taken.some((frame) => frame["op"] === "file" && frame["accepted"] === false));
  await at("file-state").waitFor();
  assert.equal(await at("download").count(), 0);
});

story("two tabs show the same, and each message leaves once", async ({ host, page, url, online, say, texts }) => {
  await online();
  const other = worldOf(await page.context().newPage(), host, url);
  await other.page.goto(`${url}/open`);
  await other.online();
  await say("hi");
  host.push({ type: "message", text: "yo" });
  await until("shown in the other", async () => (await other.texts("mine")).length === 1 && (await other.texts("agent")).length === 1);
  await page.reload();
  await online();
  host.push({ type: "message", text: "again" });
  await until("shown in both", async () => (await texts("agent")).length === 2 && (await other.texts("agent")).length === 2);
  assert.equal(host.taken.length, 1);
  assert.deepEqual([await texts("agent"), await other.texts("agent")], [["yo", "again"], ["yo", "again"]]);
});

story("without storage the chat goes on", async ({ host, page, at, online, say }) => {
  await online();
  await say("hi");
  await page.locator("[data-progress=sent]").waitFor();
  await at("file-input").setInputFiles({ name: "a.pdf", mimeType: "application/pdf", buffer: Buffer.from("abc") });
  await until("the file", () => host.files.size === 1);
}, {
  before: () => {
    for (const name of ["localStorage", "indexedDB"]) {
      Object.defineProperty(window, name, {
        get: () => {
          throw new DOMException("not here", "SecurityError");
        },
      });
    }
  },
});

story("a token is asked for, and two people on one computer are kept apart", async ({ host, page, at, online, say, texts }) => {
  host.manners.identity = "jwt";
  const asked = page.evaluate(() => new Promise((resolve) => document.addEventListener("trunkline-token", (event) => resolve((event as CustomEvent).detail.code))));
  await at("launcher").click();
  assert.equal(await asked, "token-required");
  const signIn = (subject: string): Promise<void> => page.evaluate((value) => document.querySelector("trunkline-chat")?.setAttribute("token", value), token(subject));
  await signIn("ana");
  await online();
  await say("I am Ana");
  await page.locator("[data-progress=sent]").waitFor();
  await signIn("bob");
  await at("greeting").waitFor();
  assert.deepEqual(await texts("mine"), []);
  await signIn("ana");
  await until("Ana's words", async () => (await texts("mine")).join() === "I am Ana");
}, { path: "/" });

story("what is written without a network goes out with it", async ({ host, page, at, online, say }) => {
  await online();
  await page.context().setOffline(true);
  await at("notice").waitFor();
  await say("later");
  assert.equal(host.taken.length, 0);
  await page.context().setOffline(false);
  await until("taken", () => host.taken[0]?.["text"] === "later");
});

story("dropped and pasted files are sent", async ({ host, page, at, online }) => {
  await online();
  const dropped = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["hello"], "a.txt", { type: "text/plain" }));
    return data;
  });
  await at("log").dispatchEvent("dragenter", { dataTransfer: dropped });
  await at("drop").waitFor();
  await at("log").dispatchEvent("drop", { dataTransfer: dropped });
  await until("the first", () => host.files.size === 1);
  await at("input").evaluate((input) => {
    const data = new DataTransfer();
    data.items.add(new File(["pasted"], "b.txt", { type: "text/plain" }));
    input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await until("the second", () => host.files.size === 2);
  assert.deepEqual([...host.files.values()].map(String), ["hello", "pasted"]);
});

story("what cannot be sent is said at once", async ({ host, at, online, say }) => {
  await online();
  await say("x".repeat(4001));
  assert.match((await at("problem").textContent()) ?? "", /4,000 characters/u);
  await at("file-input").setInputFiles({ name: "run.exe", mimeType: "application/x-msdownload", buffer: Buffer.from("x") });
  await until("the problem", async () => ((await at("problem").textContent()) ?? "").includes("run.exe"));
  assert.equal(host.taken.length, 0);
}, { context: { locale: "en-GB" } });

story("words of others are text and never markup", async ({ host, page, at, online, texts }) => {
  await online();
  const evil = `<img src=x onerror=alert(1)> javascript:alert(1) https://a.example/"onmouseover=x`;
  host.push({ type: "message", text: evil }, { role: "agent", name: "<b>Eve</b>" });
  await until("shown", async () => (await texts("agent")).length === 1);
  assert.ok((await texts("agent"))[0]?.startsWith("<img src=x onerror=alert(1)> javascript:alert(1)"));
  assert.equal(await at("author").textContent(), "<b>Eve</b>");
  assert.equal(await page.locator("[data-testid=message] img, [data-testid=message] b").count(), 0);
  assert.deepEqual(await page.locator("[data-testid=text] a").evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href)), ["https://a.example/"]);
});
