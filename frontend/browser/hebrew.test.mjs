// Connecting a number in Hebrew, from right to left.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { newPhone, scan } from "./demo.mjs";

const WITHIN = { timeout: 30_000 };
let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

test("a number is connected in Hebrew", async () => {
  const phone = await newPhone("טלפון החנות");
  const name = `מכירות ${phone.slice(-4)}`;
  const context = await profile(browser, { language: "he" });
  const { page, errors } = await open(context, "/sign-in");
  await signIn(page);
  assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]), ["he", "rtl"]);

  const rail = await page.getByRole("navigation", { name: "ראשי" }).boundingBox();
  assert.ok(rail.x > 640, "the rail stands on the right");

  await page.getByRole("link", { name: "מספרים", exact: true }).click();
  await page.getByRole("button", { name: "הוספת מספר" }).click();
  await page.getByRole("dialog").getByLabel("שם").fill(name);
  await page.getByRole("button", { name: "להמשיך אל הקוד" }).click();
  const code = page.locator("[data-qr]");
  await code.waitFor(WITHIN);
  await scan(phone, await code.getAttribute("data-qr"));
  const number = page.getByRole("dialog").getByText(`+${phone}`);
  await number.waitFor(WITHIN);
  assert.equal(await number.evaluate((element) => getComputedStyle(element).direction), "ltr");
  await page.getByRole("button", { name: "סיום" }).click();
  const card = page.locator("[data-session]").filter({ hasText: name });
  await card.getByText("מחובר", { exact: true }).waitFor(WITHIN);
  assert.deepEqual(errors, []);
});
