// Every page of a business at work, in both languages and themes, on a desk and on a phone.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { PASSWORD } from "./demo.mjs";
import { furnish } from "./furnish.mjs";
import { LANGUAGES, inspect } from "./looks.mjs";
import { SCENES } from "./scenes.mjs";

let browser;
let made;
/** The sign-ins, by who they are of. */
const kept = {};

before(async () => {
  browser = await launch();
  made = await furnish();
  kept.owner = await signedIn();
  kept.agent = await signedIn({ email: made.agent, password: PASSWORD });
});

async function signedIn(who) {
  const context = await profile(browser);
  const { page } = await open(context, "/sign-in");
  await signIn(page, who);
  const state = await context.storageState();
  await context.close();
  return state;
}

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
    const contexts = {};
    before(async () => {
      for (const who of ["owner", "agent", "nobody"]) contexts[who] = await profile(browser, { language, kept: kept[who] });
    });
    after(async () => {
      for (const [who, context] of Object.entries(contexts)) {
        // A renewed sign-in spends the one before it.
        if (who !== "nobody") kept[who] = await context.storageState();
        await context.close();
      }
    });
    for (const scene of SCENES) test(scene.name, () => look(scene, language, contexts[scene.as ?? "owner"]));
  });
}
