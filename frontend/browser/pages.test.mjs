// Every page of a business at work, in both languages and themes, on a desk and on a phone. The languages run side by side:
// each has sign-ins and a number to be linked of its own.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { PASSWORD } from "./demo.mjs";
import { furnish } from "./furnish.mjs";
import { LANGUAGES, inspect } from "./looks.mjs";
import { SCENES } from "./scenes.mjs";

let browser;
let furnished;

before(async () => {
  browser = await launch();
  furnished = await furnish(LANGUAGES);
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
  const made = { ...furnished, unlinked: furnished.unlinked[language] };
  const begun = await scene.before?.(made);
  const { page, errors } = await open(context, scene.path(made));
  try {
    await scene.ready(page, made);
    await inspect(page, scene.name, language);
    assert.deepEqual(errors, []);
  } finally {
    await context.setOffline(false);
    await page.close();
    await scene.after?.(begun);
  }
}

describe("every page", { concurrency: LANGUAGES.length }, () => {
  for (const language of LANGUAGES) {
    describe(`in ${language}`, { concurrency: 1 }, () => {
      const contexts = {};
      before(async () => {
        const kept = {
          owner: await signedIn(),
          agent: await signedIn({ email: furnished.agent, password: PASSWORD }),
        };
        for (const who of ["owner", "agent", "nobody"]) contexts[who] = await profile(browser, { language, kept: kept[who] });
      });
      after(async () => {
        for (const context of Object.values(contexts)) await context.close();
      });
      for (const scene of SCENES) test(scene.name, () => look(scene, language, contexts[scene.as ?? "owner"]));
    });
  }
});
