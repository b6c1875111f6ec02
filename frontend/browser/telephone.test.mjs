// The telephone on the page of the phones: a customer calls the business, sees what is said, presses keys, speaks and
// hangs up; and the phone remembers the call.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "./axe.mjs";
import { launch, profile } from "./chromium.mjs";
import { network, newPhone, until } from "./demo.mjs";
import { openPhones } from "./phones.mjs";

const WITHIN = { timeout: 30_000 };
let browser;
let phones;
let customer;
let line;

before(async () => {
  browser = await launch();
  customer = await newPhone("Tom Caller");
  phones = await openPhones(await profile(browser));
  line = await until("the demo's line", async () => (await network("GET", "/carrier/numbers")).data[0]?.phone);
});

after(() => browser?.close());

test("a customer calls the business, hears it, speaks, presses keys and hangs up", async () => {
  const heard = await phones.dial(customer, line);
  const phone = await phones.take(customer);
  const [{ sid }] = (await network("GET", `/calls?phone=%2B${customer}`)).data;
  const said = await until("a greeting", async () => {
    const { data } = await network("GET", `/calls/${sid}/ledger`);
    return data.find((row) => row.kind === "said" || row.kind === "played");
  });
  if (said.text) await heard.filter({ hasText: said.text }).first().waitFor(WITHIN);
  await phone.getByTestId("key-5").click();
  await heard.filter({ hasText: "pressed" }).waitFor(WITHIN);
  await phone.getByTestId("speech").fill("Is anybody there?");
  await phone.getByTestId("speak").click();
  await heard.filter({ hasText: "Is anybody there?" }).waitFor(WITHIN);
  assert.deepEqual(await violations(phones.page), []);

  await phone.getByTestId("hangup").click();
  await heard.filter({ hasText: "The call is completed" }).waitFor(WITHIN);
  await phone.getByTestId("hangup").waitFor({ state: "hidden" });
  await phone.getByRole("button", { name: "All calls" }).click();
  await phone.getByTestId(`call-${sid}`).filter({ hasText: "completed" }).waitFor(WITHIN);
  const { data } = await network("GET", `/calls/${sid}/ledger`);
  assert.deepEqual(data.filter((row) => row.kind === "error"), []);
  assert.deepEqual(phones.errors, []);
});
