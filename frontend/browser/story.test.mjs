// The whole story in English, in the dashboard and on the page of the phones: sign in, connect a number by its code, a
// customer writes, the admin answers, the customer's phone shows it once, the ticks go to delivered and read; and all of
// it is there after a restart, without another code.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAgain } from "./again.mjs";
import { violations } from "./axe.mjs";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { network, newPhone, shown } from "./demo.mjs";
import { openPhones } from "./phones.mjs";

const WITHIN = { timeout: 30_000 };
/** Less than a second on a machine with nothing else to do; this one builds and tests beside it. */
const SOON_MS = 10_000;
let browser;
let context;
let page;
let errors;
let phones;
let business;
let customer;

const offered = async () => (await network("GET", "/network/log?kind=qr_offered")).data.length;

before(async () => {
  browser = await launch();
  context = await profile(browser);
  business = await newPhone("Shop phone");
  customer = await newPhone("Ada Customer");
  phones = await openPhones(context);
  ({ page, errors } = await open(context, "/sign-in"));
});

after(() => browser?.close());

test("from the first code to the last tick", async () => {
  await signIn(page);

  await page.getByRole("link", { name: "Numbers", exact: true }).click();
  await page.getByRole("button", { name: "Add a number" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill(`Story ${business.slice(-4)}`);
  await page.getByRole("button", { name: "Go on to the code" }).click();

  const code = page.locator("[data-qr]");
  await code.waitFor(WITHIN);
  const box = await code.locator("svg").boundingBox();
  assert.ok(box.width >= 264 && box.height >= 264, "the code is at least 264 px wide");
  await phones.scan(business, await code.getAttribute("data-qr"));
  await page.getByRole("dialog").getByText("is connected.").waitFor({ timeout: SOON_MS });
  await page.getByRole("link", { name: "Go to the inbox" }).click();
  await page.locator("[data-line=live]").waitFor(WITHIN);

  const question = `Do you have it in blue? ${Date.now()}`;
  await phones.begin(customer, business);
  const asked = Date.now();
  await phones.write(customer, question);
  const row = page.locator("[data-chat]").filter({ hasText: question });
  await row.waitFor(WITHIN);
  const seen = Date.now() - asked;
  assert.ok(seen < SOON_MS, `in the inbox after ${seen} ms`);
  await phones.leave(customer);

  await row.click();
  const thread = page.getByRole("region", { name: /^Messages with/ });
  await thread.getByText(question).waitFor(WITHIN);

  const answer = `Yes, two are left. ${Date.now()}`;
  await page.getByLabel("Write a message").fill(answer);
  await page.keyboard.press("Enter");
  const bubble = thread.locator("li").filter({ hasText: answer });
  await bubble.waitFor({ timeout: 2_000 });
  await bubble.locator("[data-status=delivered]").waitFor(WITHIN);

  await phones.read(customer, business);
  const onPhone = await phones.bubbles(customer, answer);
  await onPhone.waitFor(WITHIN);
  await bubble.locator("[data-status=read]").waitFor(WITHIN);
  assert.equal(await onPhone.count(), 1, "the customer's phone shows the answer once");

  const rows = await shown(customer, answer);
  assert.deepEqual(rows.map((each) => each.shown), [1], "the customer's phone shows the answer once");
  assert.equal(await bubble.count(), 1, "the thread shows it once");

  const reply = `Great, I take both. ${Date.now()}`;
  await phones.write(customer, reply);
  await thread.getByText(reply).waitFor(WITHIN);
  assert.deepEqual(errors, []);
  assert.deepEqual(await violations(phones.page), []);
  assert.deepEqual(phones.errors, []);
});

test("after a restart the number is connected without a code, and nothing is lost", async () => {
  const codes = await offered();
  await startAgain();
  const question = `And in green? ${Date.now()}`;
  await phones.page.reload();
  await phones.read(customer, business);
  await phones.write(customer, question);
  const thread = page.getByRole("region", { name: /^Messages with/ });
  await thread.getByText(question).waitFor(WITHIN);
  assert.equal(await thread.getByText("Do you have it in blue?").count(), 1);
  assert.equal(await offered(), codes, "no device without a phone asked for a code");
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
