// A running demo for the tests, and the words by which they speak of it: the customer, the agent, the counters.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test as base, expect } from "@playwright/test";

const target = process.env.CARGO_TARGET_DIR ?? new URL("../../target", import.meta.url).pathname;

/** Starts the demo and gives its addresses once it has printed them. */
async function start() {
  const folder = mkdtempSync(join(tmpdir(), "trunkline-browser-"));
  const child = spawn(join(target, "debug/trunkline-demo"), [folder], { stdio: ["ignore", "pipe", "inherit"] });
  const addresses = await new Promise((resolve, reject) => {
    const found = [];
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the demo ended with ${code} before it showed its page`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const address = /https?:\/\/\S+/u.exec(line)?.[0];
      if (address) found.push(address);
      if (line.startsWith("Ctrl-C")) resolve(found);
    });
  });
  child.removeAllListeners("exit");
  const [url, desk] = addresses;
  return { url, desk, child, folder };
}

async function stop({ child, folder }) {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const code = await ended;
  rmSync(folder, { recursive: true, force: true });
  if (code !== 0) throw new Error(`the demo ended with ${code}`);
}

/** `demo` is one for all tests; `visit` opens its page as a visitor who was never there. */
export const test = base.extend({
  demo: [
    async ({}, use) => {
      const demo = await start();
      await use(demo);
      await stop(demo);
    },
    { scope: "worker", timeout: 120_000 },
  ],
  visit: async ({ page, demo }, use) => {
    await page.goto(demo.url);
    const visit = { page, customer: new Customer(page), agent: new Agent(page.frameLocator("#desk")), counts: new Counts(page) };
    await visit.agent.atTheDesk();
    await use(visit);
    await visit.agent.closeEverything();
  },
});

export { expect };

export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

export async function bytesOf(download) {
  return readFileSync(await download.path());
}

/** The visitor with the chat in the page. */
export class Customer {
  constructor(page) {
    this.page = page;
    this.chat = page.locator("trunkline-chat");
    this.input = this.chat.getByTestId("input");
  }

  async says(text) {
    await this.input.fill(text);
    await this.input.press("Enter");
  }

  /** What stands in the chat by this role: mine, agent, bot, system. */
  lines(role) {
    return this.chat.locator(`[data-testid=message][data-role=${role}]`);
  }

  async reads(role, text) {
    await expect(this.lines(role).filter({ hasText: text })).toBeVisible();
  }

  async attaches(file) {
    await this.chat.getByTestId("file-input").setInputFiles(file);
  }
}

/** An agent at the desk, in the page's frame or in a tab. */
export class Agent {
  constructor(place) {
    this.desk = place;
  }

  async atTheDesk() {
    await expect(this.desk.getByTestId("agent-name")).toBeVisible();
  }

  /** A narrow desk shows the list or a conversation. */
  async toTheList() {
    const back = this.desk.getByTestId("back-to-list");
    if (await back.isVisible()) await back.click();
  }

  /** The conversation in which the customer wrote this last. */
  async picksUp(text) {
    await this.toTheList();
    await this.desk.getByTestId("list-waiting").getByTestId("conversation").filter({ hasText: text }).click();
    await this.desk.getByTestId("pick-up").click();
    await expect(this.desk.getByTestId("composer")).toBeEnabled();
  }

  async opens(text) {
    await this.toTheList();
    await this.desk.getByTestId("list-mine").getByTestId("conversation").filter({ hasText: text }).click();
  }

  async says(text) {
    await this.desk.getByTestId("composer").fill(text);
    await this.desk.getByTestId("send").click();
  }

  async reads(text) {
    await expect(this.desk.getByTestId("line-customer").filter({ hasText: text })).toBeVisible();
  }

  customerLines() {
    return this.desk.getByTestId("line-customer");
  }

  async closes() {
    await this.desk.getByTestId("close-conversation").click();
  }

  /** So that the next test begins with an empty desk. */
  async closeEverything() {
    const mine = this.desk.getByTestId("list-mine").getByTestId("conversation");
    for (let left = await mine.count(); left > 0; left = await mine.count()) {
      await this.toTheList();
      await mine.first().click();
      await this.closes();
      await expect(mine).toHaveCount(left - 1);
    }
  }
}

/** The counters of the page: the ledgers' own, not the host's. */
export class Counts {
  constructor(page) {
    this.page = page;
  }

  async read() {
    const rows = await this.page.locator("[data-count]").evaluateAll((rows) =>
      rows.map((row) => [row.dataset.count, Number(row.cells[1].textContent), Number(row.cells[2].textContent)]),
    );
    return Object.fromEntries(rows.map(([name, toAgents, toCustomers]) => [name, { toAgents, toCustomers }]));
  }

  /** Waits until so many more lines went each way. */
  async flow(more) {
    const before = await this.read();
    await expect
      .poll(async () => {
        const now = await this.read();
        return Math.min(now.sent.toAgents - before.sent.toAgents, now.sent.toCustomers - before.sent.toCustomers);
      }, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(more);
  }

  /** Nothing lost, nothing out of order, nothing twice to customers; `again` lines at most twice to agents. */
  async areClean(again = 0) {
    const now = await this.read();
    expect(now.lost).toEqual({ toAgents: 0, toCustomers: 0 });
    expect(now.out_of_order).toEqual({ toAgents: 0, toCustomers: 0 });
    expect(now.duplicated.toCustomers).toBe(0);
    expect(now.duplicated.toAgents).toBeLessThanOrEqual(again);
  }
}
