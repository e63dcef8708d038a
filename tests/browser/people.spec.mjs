// Arabic, the keyboard alone, two customers and two agents at once, and what a checker for accessibility finds.

import AxeBuilder from "@axe-core/playwright";
import { Agent, Customer, expect, test } from "./demo.mjs";

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

async function problems(page) {
  const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

test("Arabic goes both ways, character for character, from right to left", async ({ visit }) => {
  const { page, customer, agent } = visit;
  const question = "مرحبًا، أين طلبي رقم ٤٧١١؟";
  const answer = "سأبحث عنه الآن 🙂";
  await customer.says(question);
  await agent.picksUp(question);
  await agent.reads(question);
  await agent.says(answer);
  await customer.reads("agent", answer);
  const text = customer.lines("agent").getByTestId("text").first();
  expect(await text.evaluate((one) => getComputedStyle(one).direction)).toBe("rtl");
  await page.locator("trunkline-chat").evaluate((chat) => chat.setAttribute("lang", "ar"));
  await page.locator(".phone").screenshot({ path: "../../docs/images/chat-arabic.png" });
});

test("with the keyboard alone a customer writes and an agent answers", async ({ visit }) => {
  const { page, customer, agent } = visit;
  const reach = async (locator) => {
    for (let presses = 0; presses < 60; presses += 1) {
      if (await locator.evaluate((one) => one.getRootNode().activeElement === one)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error("the keyboard does not get there");
  };
  await page.locator("#tab-chat").focus();
  await reach(customer.input);
  await page.keyboard.type("By keyboard");
  await page.keyboard.press("Enter");
  const waiting = agent.desk.getByTestId("list-waiting").getByTestId("conversation").filter({ hasText: "By keyboard" });
  await expect(waiting).toBeVisible();
  await reach(waiting);
  await page.keyboard.press("Enter");
  const pickUp = agent.desk.getByTestId("pick-up");
  await expect(pickUp).toBeVisible();
  await reach(pickUp);
  await page.keyboard.press("Enter");
  const composer = agent.desk.getByTestId("composer");
  await expect(composer).toBeEnabled();
  await reach(composer);
  await page.keyboard.type("By keyboard, too");
  await page.keyboard.press("Tab");
  await reach(agent.desk.getByTestId("send"));
  await page.keyboard.press("Enter");
  await customer.reads("agent", "By keyboard, too");
});

test("two customers and two agents at once, each pair for itself", async ({ visit, browser, demo }) => {
  const { customer: alice, agent: ann } = visit;
  const there = await browser.newContext();
  const theirPage = await there.newPage();
  await theirPage.goto(demo.url);
  const carol = new Customer(theirPage);
  const bobsTab = await there.newPage();
  await bobsTab.goto(`${demo.desk}?agent=bob&frame`);
  const bob = new Agent(bobsTab);
  await bob.atTheDesk();

  await Promise.all([alice.says("I am Alice"), carol.says("I am Carol")]);
  await ann.picksUp("I am Alice");
  await bob.picksUp("I am Carol");
  await Promise.all([ann.says("Hello Alice"), bob.says("Hello Carol")]);
  await alice.reads("agent", "Hello Alice");
  await carol.reads("agent", "Hello Carol");
  await expect(alice.lines("agent")).toHaveCount(1);
  await expect(carol.lines("agent")).toHaveCount(1);

  await bobsTab.getByTestId("transfer").click();
  await bobsTab.getByTestId("transfer-to").selectOption("agent:ann");
  await bobsTab.getByTestId("transfer-submit").click();
  await carol.reads("system", "You have been transferred to Ann.");
  await bobsTab.getByTestId("sign-out").click();
  await there.close();
});

test("an agent with open chats is asked before signing out, by keyboard as by mouse", async ({ visit, browser, demo }) => {
  const there = await browser.newContext();
  const tab = await there.newPage();
  await tab.goto(`${demo.desk}?agent=bob&frame`);
  const bob = new Agent(tab);
  await bob.atTheDesk();
  await visit.customer.says("Do not leave me");
  await bob.picksUp("Do not leave me");

  const signOut = tab.getByTestId("sign-out");
  const question = tab.getByRole("dialog", { name: "Sign out?", description: /one open conversation/u });
  await signOut.focus();
  await tab.keyboard.press("Enter");
  await expect(question).toBeVisible();
  expect(await problems(tab)).toEqual([]);
  await tab.keyboard.press("Escape");
  await expect(question).toBeHidden();
  await expect(signOut).toBeFocused();
  await bob.atTheDesk();

  await tab.keyboard.press("Enter");
  await expect(tab.getByTestId("leave-submit")).toBeFocused();
  await tab.keyboard.press("Enter");
  await expect(tab.getByTestId("agent-name")).toBeHidden();
  await visit.customer.reads("system", "You have been transferred to the Support queue.");
  await visit.agent.picksUp("transferred to queue Support");
  await visit.agent.reads("Do not leave me");
  await there.close();
});

test("neither the page, the chat nor the desk breaks WCAG 2.2 AA where a checker can see it", async ({ visit, browser, demo }) => {
  const { page, customer, agent } = visit;
  await customer.says("Look at me");
  await agent.picksUp("Look at me");
  await agent.says("I see you");
  await customer.reads("agent", "I see you");
  expect(await problems(page)).toEqual([]);
  const dark = await browser.newContext({ colorScheme: "dark", viewport: { width: 390, height: 844 } });
  const phone = await dark.newPage();
  await phone.goto(demo.url);
  await new Customer(phone).says("From a phone");
  await new Customer(phone).reads("mine", "From a phone");
  expect(await problems(phone)).toEqual([]);
  await phone.screenshot({ path: "../../docs/images/demo-phone-dark.png" });
  await dark.close();
  await agent.picksUp("From a phone");
});

test("SMS beside the chat: the same agent, each answer on its own channel", async ({ visit }) => {
  const { page, customer, agent } = visit;
  await page.getByTestId("tab-sms").click();
  await page.getByTestId("sms-text").fill("By SMS");
  await page.getByTestId("sms-send").click();
  await agent.picksUp("By SMS");
  await agent.says("To your phone");
  await expect(page.getByTestId("sms-log")).toContainText("To your phone");
  await page.getByTestId("tab-chat").click();
  await expect(customer.lines("agent").filter({ hasText: "To your phone" })).toHaveCount(0);
});
