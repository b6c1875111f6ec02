// Every page in both languages, both themes, on a desk and on a phone: axe finds nothing, nothing
// is cut off sideways, no script fails, and a screenshot of each stays in test-results.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { violations } from "./axe.mjs";
import { PHONE, WIDE, launch, open, profile, signIn } from "./chromium.mjs";
import { api, linkedNumber, newPhone, until, write } from "./demo.mjs";
import { SCENES } from "./scenes.mjs";

const results = fileURLToPath(new URL("../test-results/", import.meta.url));
const LOOKS = ["en", "he"].flatMap((language) =>
  ["light", "dark"].flatMap((theme) => [WIDE, PHONE].map((viewport) => ({ language, theme, viewport }))),
);

let browser;
let kept;
const made = {};

before(async () => {
  mkdirSync(results, { recursive: true });
  browser = await launch();
  const { phone, session } = await linkedNumber("Sales · מכירות");
  const customer = await newPhone("נועה Cohen");
  await write(customer, phone, "Do you have it in blue?");
  await write(customer, phone, "שלום, מתי אפשר לאסוף?");
  const chat = await until("the chat", async () => {
    const { data } = await api("GET", `/v1/chats?q=${customer}`);
    return data.find((each) => each.unread > 1);
  });
  await api("POST", "/v1/messages", { session_id: session, to: `+${customer}`, text: "Yes. היום עד 17:30." });
  const unlinked = await api("POST", "/v1/sessions", { name: "New line" });
  Object.assign(made, { session, chat: chat.id, unlinked: unlinked.id });
  const context = await profile(browser);
  const { page } = await open(context, "/sign-in");
  await signIn(page);
  kept = await context.storageState();
  await context.close();
});

after(() => browser?.close());

async function look(scene, { language, theme, viewport }) {
  await scene.before?.(made);
  const context = await profile(browser, { language, theme, viewport, kept: scene.signedOut ? undefined : kept });
  try {
    const { page, errors } = await open(context, scene.path(made));
    await scene.ready(page);
    await page.evaluate(() => document.fonts.ready.then(() => undefined));
    const name = `${scene.name}-${language}-${theme}-${viewport.width}`;
    await page.screenshot({ path: `${results}${name}.png` });
    assert.deepEqual(await violations(page), [], name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
    await scene.after?.(page);
    assert.deepEqual(errors, [], name);
  } finally {
    await context.close();
  }
}

for (const scene of SCENES) {
  describe(scene.name, () => {
    const looks = scene.once ? LOOKS.slice(0, 1) : LOOKS;
    for (const each of looks) {
      test(`in ${each.language}, ${each.theme}, ${each.viewport.width} px`, () => look(scene, each));
    }
  });
}
