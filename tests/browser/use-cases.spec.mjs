// Both use cases of the seed, by clicking: an agent is there (Z48 to Z53), nobody is there (Z54 to Z56).

import { bytesOf, expect, sha256, test } from "./demo.mjs";

const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

test("an agent answers, files go both ways, a page is pushed, the chat is closed", async ({ visit }) => {
  const { page, customer, agent } = visit;
  await customer.says("Where is my order 4711?");
  await customer.reads("system", "Thank you for contacting us.");
  await agent.picksUp("Where is my order 4711?");
  await agent.reads("Where is my order 4711?");
  await customer.reads("system", "You are now chatting with Ann.");
  await agent.says("Let me look.");
  await customer.reads("agent", "Let me look.");

  await agent.desk.getByTestId("composer").pressSequentially("One mom");
  await expect(customer.chat.getByTestId("typing")).toBeVisible();
  await agent.desk.getByTestId("composer").fill("");
  await customer.input.pressSequentially("Thanks, ");
  await expect(agent.desk.getByTestId("customer-typing")).toBeVisible();
  await customer.input.fill("");

  await customer.attaches({ name: "receipt.png", mimeType: "image/png", buffer: PICTURE });
  const offered = agent.desk.getByTestId("accept-file");
  await expect(offered).toBeVisible();
  await offered.click();
  await customer.reads("system", "The agent has accepted your attachment.");
  const [theirs] = await Promise.all([page.waitForEvent("download"), agent.desk.getByTestId("download-file").click()]);
  expect(sha256(await bytesOf(theirs))).toBe(sha256(PICTURE));

  const invoice = Buffer.from(`%PDF-1.4\n${"invoice ".repeat(4000)}\n%%EOF\n`);
  await agent.desk.getByTestId("file-input").setInputFiles({ name: "invoice.pdf", mimeType: "application/pdf", buffer: invoice });
  await customer.chat.getByTestId("accept").click();
  const [ours] = await Promise.all([page.waitForEvent("download"), customer.chat.getByTestId("download").click()]);
  expect(sha256(await bytesOf(ours))).toBe(sha256(invoice));

  await agent.desk.getByTestId("push-page").click();
  await agent.desk.getByTestId("push-page-url").fill("https://example.com/returns");
  await agent.desk.getByTestId("push-page-submit").click();
  await customer.reads("system", "https://example.com/returns");

  await page.screenshot({ path: "../../docs/images/demo.png" });
  await agent.closes();
  await customer.reads("system", "The agent has marked your chat closed.");
});

test("a file the agent rejects is told to the customer", async ({ visit }) => {
  const { customer, agent } = visit;
  await customer.says("May I send something?");
  await agent.picksUp("May I send something?");
  await customer.attaches({ name: "cat.png", mimeType: "image/png", buffer: PICTURE });
  await agent.desk.getByTestId("reject-file").click();
  await customer.reads("system", "The agent has rejected your attachment.");
});

test("a file the customer declines is told to the agent", async ({ visit }) => {
  const { customer, agent } = visit;
  await customer.says("What do you have?");
  await agent.picksUp("What do you have?");
  await agent.desk.getByTestId("file-input").setInputFiles({ name: "offer.txt", mimeType: "text/plain", buffer: Buffer.from("An offer.") });
  await customer.chat.getByTestId("decline").click();
  await expect(agent.desk.getByTestId("line-note").filter({ hasText: "The customer refused offer.txt." })).toBeVisible();
});

test("nobody is there: welcome, then no agents; what was written waits for the first who signs in", async ({ visit }) => {
  const { page, customer, agent } = visit;
  await agent.desk.getByTestId("sign-out").click();
  await customer.says("Is anybody there?");
  await customer.reads("system", "Sorry! There are no agents available right now.");
  const told = await customer.lines("system").allTextContents();
  const place = (text) => told.findIndex((line) => line.includes(text));
  expect(place("Thank you for contacting us.")).toBeLessThan(place("Sorry!"));
  await customer.says("I will wait.");
  await page.reload();
  await agent.atTheDesk();
  await agent.picksUp("I will wait.");
  await agent.reads("Is anybody there?");
  await agent.reads("I will wait.");
  await expect(agent.customerLines()).toHaveCount(2);
});

test("an entry point that is switched off says so", async ({ visit, browser, demo }) => {
  const { customer } = visit;
  const setUp = await (await browser.newContext()).newPage();
  await setUp.goto(demo.desk);
  await setUp.getByTestId("view-set-up").click();
  const support = setUp.getByTestId("entry-point-1001-active");
  await support.click();
  await customer.says("Hello?");
  await customer.reads("system", "This service is closed.");
  await support.click();
  await setUp.context().close();
});
