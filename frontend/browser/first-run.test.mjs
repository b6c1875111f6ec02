// The first minutes: an empty installation asks for its owner, then shows how to connect a number.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, profile } from "./chromium.mjs";
import { startFresh } from "./fresh.mjs";
import { LOOKS, inspect } from "./looks.mjs";

const WITHIN = { timeout: 10_000 };
let browser;
let fresh;
let kept;

before(async () => {
  browser = await launch();
  fresh = await startFresh();
});

after(async () => {
  await browser?.close();
  await fresh?.stop();
});

async function look(scene, path, ready, each) {
  const context = await profile(browser, { ...each, base: fresh.url, kept });
  try {
    const { page, errors } = await open(context, path);
    await page.locator(ready).first().waitFor(WITHIN);
    await inspect(page, scene, each);
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}

for (const each of LOOKS) {
  test(`signing in leads to the setup in ${each.language}, ${each.theme}, ${each.viewport.width} px`, () =>
    look("setup", "/sign-in", "input[name=token]", each));
}

test("the setup token opens the business, and the first number is the next step", async () => {
  const context = await profile(browser, { base: fresh.url });
  const { page, errors } = await open(context, `/setup#token=${fresh.token}`);
  await page.getByLabel("Business name").fill("Blue Door Ltd.");
  await page.getByLabel("Your name").fill("Dana Levi");
  await page.getByLabel("Email").fill("dana@example.com");
  await page.getByLabel("Password").fill("a long enough password");
  await page.getByRole("button", { name: "Create the business" }).click();
  await page.getByRole("heading", { name: "Connect your first number" }).waitFor(WITHIN);
  assert.ok(!page.url().includes(fresh.token), "the token is not in the address");
  assert.deepEqual(errors, []);
  kept = await context.storageState();
  await context.close();
});

for (const each of LOOKS) {
  const name = `in ${each.language}, ${each.theme}, ${each.viewport.width} px`;
  test(`numbers without a number ${name}`, () => look("numbers-empty", "/numbers", "h1", each));
  test(`an inbox without a chat ${name}`, () => look("inbox-empty", "/inbox", "h2", each));
}
