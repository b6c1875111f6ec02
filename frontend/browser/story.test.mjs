// The whole story in English: sign in, connect a number by its code, a customer writes, the
// admin answers, the customer's phone shows it once, the ticks go to delivered and read.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { newPhone, read, scan, shown, until, write } from "./demo.mjs";

const WITHIN = { timeout: 30_000 };
let browser;
let context;
let page;
let errors;

before(async () => {
  browser = await launch();
  context = await profile(browser);
  ({ page, errors } = await open(context, "/sign-in"));
});

after(() => browser?.close());

test("from the first code to the last tick", async () => {
  const business = await newPhone("Shop phone");
  const customer = await newPhone("Ada Customer");
  await signIn(page);

  await page.getByRole("link", { name: "Numbers", exact: true }).click();
  await page.getByRole("button", { name: "Add a number" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill(`Story ${business.slice(-4)}`);
  await page.getByRole("button", { name: "Go on to the code" }).click();

  const code = page.locator("[data-qr]");
  await code.waitFor(WITHIN);
  const box = await code.locator("svg").boundingBox();
  assert.ok(box.width >= 264 && box.height >= 264, "the code is at least 264 px wide");
  await scan(business, await code.getAttribute("data-qr"));
  await page.getByRole("dialog").getByText("is connected.").waitFor(WITHIN);
  await page.getByRole("link", { name: "Go to the inbox" }).click();
  await page.locator("[data-line=live]").waitFor(WITHIN);

  const question = `Do you have it in blue? ${Date.now()}`;
  const asked = Date.now();
  await write(customer, business, question);
  const row = page.locator("[data-chat]").filter({ hasText: question });
  await row.waitFor(WITHIN);
  const seen = Date.now() - asked;
  assert.ok(seen < 5_000, `in the inbox after ${seen} ms`);

  await row.click();
  const thread = page.getByRole("region", { name: /^Messages with/ });
  await thread.getByText(question).waitFor(WITHIN);

  const answer = `Yes, two are left. ${Date.now()}`;
  await page.getByLabel("Write a message").fill(answer);
  await page.keyboard.press("Enter");
  const bubble = thread.locator("li").filter({ hasText: answer });
  await bubble.waitFor({ timeout: 2_000 });
  await until("the answer on the customer's phone", async () => (await shown(customer, answer)).length > 0);
  await bubble.locator("[data-status=delivered], [data-status=read]").waitFor(WITHIN);

  await read(customer, business);
  await bubble.locator("[data-status=read]").waitFor(WITHIN);

  const rows = await shown(customer, answer);
  assert.deepEqual(rows.map((each) => each.shown), [1], "the customer's phone shows the answer once");
  assert.equal(await bubble.count(), 1, "the thread shows it once");

  const reply = `Great, I take both. ${Date.now()}`;
  await write(customer, business, reply);
  await thread.getByText(reply).waitFor(WITHIN);
  assert.deepEqual(errors, []);
});

test("what was typed stays after a reload, and the chat too", async () => {
  await page.getByLabel("Write a message").fill("half a thought");
  await page.reload();
  await page.getByRole("region", { name: /^Messages with/ }).waitFor(WITHIN);
  assert.equal(await page.getByLabel("Write a message").inputValue(), "half a thought");
});

test("signing out leaves nothing readable behind", async () => {
  await page.getByRole("button", { name: "Account and settings" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.waitForURL(/\/sign-in/);
  assert.equal(await page.evaluate(() => localStorage.getItem("sy-drafts")), null);
  await page.goto("/inbox");
  await page.waitForURL(/\/sign-in/);
});
