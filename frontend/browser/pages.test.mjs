// Every page of a business at work, in both languages and themes, on a desk and on a phone.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { api, linkedNumber, newPhone, until, write } from "./demo.mjs";
import { LOOKS, inspect } from "./looks.mjs";
import { SCENES } from "./scenes.mjs";

let browser;
let kept;
const made = {};

before(async () => {
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

async function look(scene, each, context) {
  await scene.before?.(made);
  const { page, errors } = await open(context, scene.path(made));
  try {
    await scene.ready(page);
    await inspect(page, scene.name, each);
    await scene.after?.(page);
    assert.deepEqual(errors, []);
  } finally {
    await page.close();
  }
}

for (const each of LOOKS) {
  describe(`in ${each.language}, ${each.theme}, ${each.viewport.width} px`, () => {
    let inside;
    let outside;
    before(async () => {
      inside = await profile(browser, { ...each, kept });
      outside = await profile(browser, each);
    });
    after(async () => {
      // A renewed sign-in spends the one before it.
      kept = await inside.storageState();
      await inside.close();
      await outside.close();
    });
    for (const scene of SCENES) {
      if (scene.once && each !== LOOKS[0]) continue;
      test(scene.name, () => look(scene, each, scene.signedOut ? outside : inside));
    }
  });
}
