/** How it looks and is used: with the keyboard, on a phone, from right to left, by a screen reader. */

import assert from "node:assert/strict";
import { story, until, type World } from "./world.ts";

const CHOICES = { type: "choices", text: "Which?", items: [{ id: "a", title: "Apples" }, { id: "b", title: "Pears", description: "ripe" }] };

/** Everything there is to see, with complaints of axe at each turn. */
async function wholeTalk({ host, page, at, online, say, accessible }: World): Promise<void> {
  await accessible();
  await online();
  await say("Where is my order?");
  host.push(CHOICES, { role: "bot", name: "Robo" });
  host.push({ type: "message", text: "You are now chatting with Ana." }, { role: "system" });
  host.push({ type: "message", text: "Look at https://track.example/1047" });
  host.signal({ op: "typing", on: true, from: { role: "agent", name: "Ana" } });
  await at("typing").waitFor();
  await accessible();
  await at("choice").first().click();
  host.offer("one.pdf", "application/pdf", Buffer.from("x"));
  host.offer("two.pdf", "application/pdf", Buffer.from("x"));
  await at("accept").nth(1).waitFor();
  await accessible();
  await at("accept").first().click();
  await at("download").waitFor();
  await at("decline").click();
  host.manners.down = true;
  host.cut();
  await at("notice").waitFor();
  await say("Hello?");
  await accessible();
  host.manners.down = false;
  await online();
  await page.locator("[data-progress=pending]").waitFor({ state: "detached" });
  await at("end").click();
  await accessible();
  await at("end-yes").click();
  await at("ended").waitFor();
  await accessible();
}

story("axe finds nothing, by day", wholeTalk, { context: { colorScheme: "light" } });
story("axe finds nothing, by night", wholeTalk, { context: { colorScheme: "dark" } });
story("axe finds nothing on a phone", wholeTalk, { context: { viewport: { width: 360, height: 700 }, hasTouch: true } });
story("axe finds nothing in Arabic", wholeTalk, { path: "/arabic" });

story("axe finds nothing while it is closed", async ({ at, accessible }) => {
  await at("launcher").waitFor();
  await accessible();
}, { path: "/" });

story("everything can be done with the keyboard", async ({ host, page, at, online, focused }) => {
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "launcher");
  await page.keyboard.press("Enter");
  await online();
  assert.equal(await focused(), "input");
  await page.keyboard.type("two");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("lines");
  await page.keyboard.press("Enter");
  await until("said", () => host.taken[0]?.["text"] === "two\nlines");
  host.push(CHOICES);
  host.offer("a.txt", "text/plain", Buffer.from("x"));
  await at("accept").waitFor();
  const met: string[] = [];
  for (const _ of Array(8)) {
    await page.keyboard.press("Shift+Tab");
    met.push(await focused());
  }
  assert.deepEqual(met, ["attach", "decline", "accept", "choice", "choice", "log", "close", "end"]);
  for (const _ of Array(3)) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await until("chosen", () => host.taken.some((frame) => frame["choice"] === "a"));
  await at("accept").focus();
  await page.keyboard.press("Enter");
  await at("download").waitFor();
  await until("the focus on what took the button's place", async () => (await focused()) === "download");
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "launcher");
  assert.equal(await at("panel").isVisible(), false);
}, { path: "/" });

story("on a phone it fills the screen and keeps the focus", async ({ page, at, focused }) => {
  await at("launcher").click();
  assert.equal(await at("panel").getAttribute("aria-modal"), "true");
  assert.deepEqual(await at("panel").boundingBox(), { x: 0, y: 0, width: 320, height: 640 });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  for (const _ of Array(8)) {
    await page.keyboard.press("Tab");
    assert.notEqual(await focused(), "A");
  }
}, { path: "/", context: { viewport: { width: 320, height: 640 } } });

story("Arabic runs from right to left, and a Latin name in it stands on the same side", async ({ host, page, at, online, say }) => {
  await online();
  assert.equal(await at("input").getAttribute("placeholder"), "اكتب رسالة");
  await say("مرحبا");
  host.push({ type: "message", text: "أهلاً" }, { role: "agent", name: "Ana García" });
  await at("author").waitFor();
  const left = async (selector: string): Promise<number> => (await page.locator(selector).boundingBox())?.x ?? NaN;
  assert.ok((await left("[data-role=mine] .bubble")) < (await left("[data-role=agent] .bubble")));
  const direction = await at("author").evaluate((author) => getComputedStyle(author).direction);
  assert.equal(direction, "rtl");
}, { path: "/arabic" });

story("a closed chat counts what nobody saw, and opening it tells the agent", async ({ host, at, online, say }) => {
  await at("launcher").click();
  await online();
  await say("hi");
  await at("close").click();
  host.push({ type: "message", text: "one" });
  host.push({ type: "message", text: "two" });
  await until("the badge", async () => (await at("badge").textContent()) === "2");
  assert.match((await at("launcher").getAttribute("aria-label")) ?? "", /2 new messages/u);
  assert.ok(!host.frames.some((frame) => frame["op"] === "read"));
  await at("launcher").click();
  await until("read", () => host.frames.some((frame) => frame["op"] === "read"));
  assert.equal(await at("badge").isVisible(), false);
}, { path: "/", context: { locale: "en-GB" } });

story("what arrives is announced, a replay only counted", async ({ host, page, at, online }) => {
  await online();
  host.push({ type: "message", text: "Good day" });
  await until("announced", async () => (await at("announcer").textContent()) === "Ana García: Good day");
  for (const number of Array(9).keys()) host.push({ type: "message", text: `line ${number}` });
  await until("counted", async () => (await at("announcer").textContent()) === "9 new messages");
  assert.equal(await page.locator("[role=log]").getAttribute("aria-live"), "off");
});

story("who reads further up stays there", async ({ host, page, at, online }) => {
  await online();
  for (const number of Array(40).keys()) host.push({ type: "message", text: `line ${number}` });
  await page.getByText("line 39").waitFor();
  await until("at the end", () => at("log").evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 5));
  await at("log").evaluate((log) => log.scrollTo(0, 100));
  await until("up there", () => at("log").evaluate((log) => log.scrollTop === 100));
  host.push({ type: "message", text: "a new one" });
  await at("newer").waitFor();
  assert.equal(await at("log").evaluate((log) => log.scrollTop), 100);
  await at("newer").click();
  await until("at the end again", () => at("log").evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 5));
});

story("inline it fills its container", async ({ at, online }) => {
  await online();
  assert.deepEqual(await at("panel").boundingBox(), { x: 40, y: 60, width: 420, height: 500 });
  assert.equal(await at("launcher").isVisible(), false);
}, { path: "/inline" });

story("the theme attribute wins over the system", async ({ page, at, online }) => {
  await online();
  const ground = (): Promise<string> => at("composer").evaluate((composer) => getComputedStyle(composer).backgroundColor);
  const byNight = await ground();
  await page.evaluate(() => document.querySelector("trunkline-chat")?.setAttribute("theme", "light"));
  await until("another ground", async () => (await ground()) !== byNight);
  assert.equal(await ground(), "rgb(255, 255, 255)");
}, { context: { colorScheme: "dark" } });
