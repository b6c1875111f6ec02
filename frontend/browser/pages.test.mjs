// Every page of a business at work, in both languages and themes, on a desk and on a phone.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { furnish } from "./furnish.mjs";
import { LANGUAGES, inspect } from "./looks.mjs";
import { SCENES } from "./scenes.mjs";

let browser;
let kept;
let made;

before(async () => {
  browser = await launch();
  made = await furnish();
  const context = await profile(browser);
  const { page } = await open(context, "/sign-in");
  await signIn(page);
  kept = await context.storageState();
  await context.close();
});

after(() => browser?.close());

async function look(scene, language, context) {
  await scene.before?.(made);
  const { page, errors } = await open(context, scene.path(made));
  try {
    await scene.ready(page, made);
    await inspect(page, scene.name, language);
    assert.deepEqual(errors, []);
  } finally {
    await context.setOffline(false);
    await page.close();
  }
}

for (const language of LANGUAGES) {
  describe(`in ${language}`, () => {
    let inside;
    let outside;
    before(async () => {
      inside = await profile(browser, { language, kept });
      outside = await profile(browser, { language });
    });
    after(async () => {
      // A renewed sign-in spends the one before it.
      kept = await inside.storageState();
      await inside.close();
      await outside.close();
    });
    for (const scene of SCENES) test(scene.name, () => look(scene, language, scene.signedOut ? outside : inside));
  });
}
