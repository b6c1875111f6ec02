// The first minutes: an empty installation asks for its owner, then shows how to connect a number.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, profile } from "./chromium.mjs";
import { startFresh } from "./fresh.mjs";
import { LANGUAGES, inspect } from "./looks.mjs";

const WITHIN = { timeout: 30_000 };
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

async function look(scene, path, ready, language) {
  const context = await profile(browser, { language, base: fresh.url, kept });
  try {
    const { page, errors } = await open(context, path);
    await page.locator(ready).first().waitFor(WITHIN);
    await inspect(page, scene, language);
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}

for (const language of LANGUAGES) {
  test(`signing in leads to the setup in ${language}`, () => look("setup", "/sign-in", "input[name=token]", language));
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

for (const language of LANGUAGES) {
  test(`numbers without a number in ${language}`, () => look("numbers-empty", "/numbers", "h1", language));
  test(`an inbox without a chat in ${language}`, () => look("inbox-empty", "/inbox", "h2", language));
}
