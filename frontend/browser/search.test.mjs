// A search leads to the very message, however far up in its thread it stands.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { api, linkedNumber, newPhone, until, write } from "./demo.mjs";

const WITHIN = { timeout: 30_000 };
const LATER = 120;
let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

test("what a search found is shown in the list and brought into sight in the thread", async () => {
  const { phone } = await linkedNumber("Parcels");
  const customer = await newPhone("Zoe Zebra");
  const sought = `Where is parcel ${customer}?`;
  await write(customer, phone, sought);
  for (let n = 1; n <= LATER; n += 1) await write(customer, phone, `Hello, number ${n}`);
  await until("the last message", async () => {
    const { data } = await api("GET", `/v1/chats?q=${customer}`);
    return data[0]?.last_message.text === `Hello, number ${LATER}`;
  });

  const { page, errors } = await open(await profile(browser, {}), "/sign-in");
  await signIn(page);
  await page.locator("#chat-search").fill(sought);
  const row = page.locator("[data-chat]").filter({ has: page.locator("mark", { hasText: sought }) });
  await row.waitFor(WITHIN);
  await row.click();
  const bubble = page.locator("[data-message][aria-current]");
  await bubble.waitFor(WITHIN);
  await until("the message in sight", () =>
    bubble.evaluate((element) => {
      const [box, room] = [element, element.closest("[role=region]")].map((each) => each.getBoundingClientRect());
      return box.top >= room.top && box.bottom <= room.bottom;
    }),
  );
  assert.match(await bubble.innerText(), new RegExp(`parcel ${customer}`));
  assert.deepEqual(errors, []);
});
