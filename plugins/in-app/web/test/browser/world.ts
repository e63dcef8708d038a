/**
 * A page with the element in a real browser, before a host in memory. The page forbids all that the element says it
 * does not need; what breaks that policy, or fails anywhere, fails the test.
 *
 * `CHROMIUM` names the browser, else Debian's is taken. Without one the tests are skipped, and say so.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test, type TestContext } from "node:test";
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from "playwright-core";
import { StandIn } from "../stand-in.ts";

const BROWSER = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

const DEADLINE_MS = 30_000;

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export interface World {
  host: StandIn;
  page: Page;
  url: string;
  /** An element of the chat by its `data-testid`. */
  at(id: string): Locator;
  online(): Promise<void>;
  say(text: string): Promise<void>;
  /** What stands in the chat, by who wrote it. */
  texts(role: "mine" | "agent" | "bot"): Promise<string[]>;
  /** The `data-testid` of whatever in the chat has the focus; the tag's name outside. */
  focused(): Promise<string>;
  /** Complaints of axe about what is shown now. */
  accessible(): Promise<void>;
}

export interface Setting {
  path?: string;
  context?: BrowserContextOptions;
  /** Runs in the page before anything else. */
  before?: () => void;
}

const page = (attributes: string, language = "en"): string =>
  `<!doctype html><html lang="${language}" dir="${language === "ar" ? "rtl" : "ltr"}"><head><meta charset="utf-8"><link rel="icon" href="/icon.css">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>A shop</title><link rel="stylesheet" href="/page.css">
<script type="module" src="/trunkline-chat.js"></script></head><body><main><h1>A shop</h1><a href="#top">A link</a></main>
<trunkline-chat src="/channels/web" ${attributes}></trunkline-chat></body></html>`;

const PAGES = {
  "/": page(""),
  "/open": page("open"),
  "/arabic": page("open", "ar"),
  "/inline": page("inline"),
  "/page.css": "body{margin:0} trunkline-chat[inline]{position:absolute;left:40px;top:60px;width:420px;height:500px}",
  "/icon.css": "",
};

let browser: Promise<Browser> | undefined;
let running = 0;

/** A test in a world of its own. */
export function story(name: string, tell: (world: World) => Promise<void>, setting: Setting = {}): void {
  running += 1;
  test(name, { skip: existsSync(BROWSER) ? false : `there is no browser at ${BROWSER}: CHROMIUM names one` }, async (context) => {
    browser ??= chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
    context.after(async () => {
      running -= 1;
      if (running === 0) await (await browser)?.close();
    });
    await play(await browser, context, tell, setting);
  });
}

async function play(browser: Browser, context: TestContext, tell: (world: World) => Promise<void>, setting: Setting): Promise<void> {
  const host = new StandIn(PAGES);
  const url = await host.listen();
  // Colours half-way through an animation are nobody's choice.
  const surroundings = await browser.newContext({ reducedMotion: "reduce", ...setting.context });
  context.after(async () => {
    await surroundings.close();
    await host.close();
  });
  surroundings.setDefaultTimeout(DEADLINE_MS);
  const failures: string[] = [];
  surroundings.on("weberror", (error) => failures.push(error.error().message));
  surroundings.on("console", (message) => {
    if (/Content Security Policy|Trusted/u.test(message.text())) failures.push(message.text());
  });
  if (setting.before) await surroundings.addInitScript(setting.before);
  const page = await surroundings.newPage();
  await page.goto(url + (setting.path ?? "/open"));
  await tell(worldOf(page, host, url));
  assert.deepEqual(failures, []);
}

export function worldOf(page: Page, host: StandIn, url: string): World {
  const at = (id: string): Locator => page.getByTestId(id);
  return {
    host,
    page,
    url,
    at,
    online: () => page.locator("[data-status=online]").waitFor(),
    say: async (text) => {
      await at("input").fill(text);
      await at("input").press("Enter");
    },
    texts: (role) => page.locator(`[data-role=${role}] [data-testid=text]`).allTextContents(),
    focused: () =>
      page.evaluate(() => {
        const inside = document.querySelector("trunkline-chat")?.shadowRoot?.activeElement;
        return inside instanceof HTMLElement ? (inside.dataset["testid"] ?? inside.tagName) : (document.activeElement?.tagName ?? "");
      }),
    accessible: () => accessible(page),
  };
}

/** In a world of its own inside the page, which the page's policy does not reach. */
async function accessible(page: Page): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const { frameTree } = await client.send("Page.getFrameTree");
  const { executionContextId: contextId } = await client.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await client.send("Runtime.evaluate", { expression: source, contextId });
  const expression = `axe.run({ include: ["trunkline-chat"] }, ${JSON.stringify({ runOnly: RULES })}).then((found) => JSON.stringify(
    { passes: found.passes.length, violations: found.violations.map((one) => one.id + " " + one.nodes.map((node) => node.target.join(" "))) }))`;
  const { result } = await client.send("Runtime.evaluate", { expression, contextId, awaitPromise: true, returnByValue: true });
  const found = JSON.parse(String(result.value)) as { passes: number; violations: string[] };
  assert.deepEqual(found.violations, []);
  assert.ok(found.passes > 8, "axe looked at something");
}

/** Waits for a fact. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `it did not come about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
