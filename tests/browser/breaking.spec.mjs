// The four buttons, pressed during a conversation, and connections that break.

import { expect, test } from "./demo.mjs";

/** The visitor and the agent write in turns; every line arrives once and in order. */
async function talk({ customer, agent }, name, turns) {
  for (let turn = 1; turn <= turns; turn += 1) {
    await customer.says(`${name}: question ${turn}`);
    await agent.reads(`${name}: question ${turn}`);
    await agent.says(`${name}: answer ${turn}`);
    await customer.reads("agent", `${name}: answer ${turn}`);
  }
}

/** The click is over when this is: else it would take the keyboard from whoever writes meanwhile. What comes of it takes longer. */
async function press(page, button) {
  await page.getByTestId(`press-${button}`).click();
  const over = () => expect(page.getByTestId(`press-${button}`)).toBeEnabled({ timeout: 90_000 });
  return { over };
}

async function begun(visit, name) {
  await visit.customer.says(`${name}: hello`);
  await visit.agent.picksUp(`${name}: hello`);
}

test("kill -9 during a conversation: both go on, nothing is lost", async ({ visit }) => {
  const { page, customer, agent, counts } = visit;
  const before = (await counts.read()).duplicated.toAgents;
  await begun(visit, "kill");
  const pressed = await press(page, "kill");
  await customer.says("kill: said into the dark");
  await pressed.over();
  await agent.reads("kill: said into the dark");
  await talk(visit, "kill", 3);
  await counts.flow(8);
  // Four robots and the visitor: of each, one call to ECE may have been cut off.
  await counts.areClean(before + 5);
});

test("swapping the plugins during a conversation: nothing is lost, doubled or out of order", async ({ visit }) => {
  const { page, counts } = visit;
  const before = (await counts.read()).duplicated.toAgents;
  await begun(visit, "swap");
  const pressed = await press(page, "swap");
  await talk(visit, "swap", 3);
  await pressed.over();
  await expect(page.getByTestId("journal")).toContainText("in-app.wasm: version");
  await talk(visit, "swapped", 2);
  await counts.flow(8);
  await counts.areClean(before);
});

test("hostile plugins during a conversation: refused with a reason, nobody notices", async ({ visit }) => {
  const { page, counts } = visit;
  const before = (await counts.read()).duplicated.toAgents;
  await begun(visit, "hostile");
  for (let turn = 1; turn <= 4; turn += 1) {
    const pressed = await press(page, "hostile");
    await talk(visit, `hostile ${turn}`, 1);
    await pressed.over();
  }
  await expect(page.getByTestId("journal")).toContainText("no-plugin.wasm: refused");
  await counts.flow(8);
  await counts.areClean(before);
});

test("ECE down during a conversation: messages wait in order and arrive", async ({ visit }) => {
  const { page, customer, agent, counts } = visit;
  const before = (await counts.read()).duplicated.toAgents;
  await begun(visit, "down");
  const down = await press(page, "ece");
  await down.over();
  await expect(page.getByTestId("light-ece")).toContainText("down");
  for (const line of [1, 2, 3]) await customer.says(`down: waiting ${line}`);
  const up = await press(page, "ece");
  await up.over();
  await agent.reads("down: waiting 3");
  const seen = await agent.customerLines().allTextContents();
  const waited = seen.filter((line) => line.includes("down: waiting")).map((line) => /waiting (\d)/u.exec(line)[1]);
  expect(waited).toEqual(["1", "2", "3"]);
  await counts.flow(8);
  await counts.areClean(before);
});

test("a lost connection, a reload and a closed tab are resumed without loss or duplicates", async ({ visit, demo }) => {
  const { page, customer, agent } = visit;
  await begun(visit, "resume");
  await page.context().setOffline(true);
  await customer.says("resume: written offline");
  await expect(customer.chat.getByTestId("notice")).toBeVisible();
  await page.context().setOffline(false);
  await agent.reads("resume: written offline");
  await page.reload();
  await agent.atTheDesk();
  await expect(customer.lines("mine")).toHaveCount(2);
  await agent.opens("resume: written offline");
  await agent.says("resume: welcome back");
  await customer.reads("agent", "resume: welcome back");

  const second = await page.context().newPage();
  await page.goto("about:blank");
  const elsewhere = await page.context().browser().newContext();
  await elsewhere.close();
  await second.goto(demo.url);
  const chat = second.locator("trunkline-chat");
  await expect(chat.locator("[data-testid=message][data-role=agent]")).toHaveCount(1);
  await expect(chat.locator("[data-testid=message][data-role=mine]")).toHaveCount(2);
  await second.close();
  await page.goto(demo.url);
  await agent.atTheDesk();
});
