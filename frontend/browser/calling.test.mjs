// The business calls somebody: the sheet, the call as it stands, hanging it up, taking back one that waits for a line, in both
// languages; and the hours in which nobody is written to are kept.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "./axe.mjs";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { network, newPhone, owner, until } from "./demo.mjs";
import { inspect } from "./looks.mjs";

const WITHIN = { timeout: 60_000 };
/** It takes minutes to say: nobody is quicker to the button than the end of the call. */
const LONG = "Your order is ready and waits for you at the front desk of the shop. ".repeat(25).trim();
let browser;
let page;
let errors;
let former;
let limit;

before(async () => {
  await until("the demo's line", async () => (await network("GET", "/carrier/numbers")).data[0]);
  former = (await owner("GET", "/v1/call-flow")).flow;
  ({ limit } = await owner("GET", "/v1/admin/calls/limit"));
  browser = await launch();
  ({ page, errors } = await open(await profile(browser), "/sign-in"));
  await signIn(page);
});

after(async () => {
  await browser?.close();
  if (limit !== undefined) await lines(limit);
  if (former) await owner("PUT", "/v1/call-flow", { version: (await owner("GET", "/v1/call-flow")).version, flow: former });
});

const lines = (most) => owner("PUT", "/v1/admin/calls/limit", { limit: most });
/** The network's calls of a phone. */
const callsOf = async (phone) => (await network("GET", `/calls?phone=%2B${phone}`)).data;
const rowOf = (phone) => page.locator("[data-call]").filter({ hasText: `+${phone}` });

/** By the sheet of the page of calls. */
async function calls(phone, text) {
  await page.goto("/calls");
  await page.getByRole("button", { name: "Call someone" }).click(WITHIN);
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("To", { exact: true }).fill(`+${phone}`);
  await sheet.getByLabel("What is said").fill(text);
  assert.deepEqual(await violations(page), []);
  await sheet.getByRole("button", { name: "Call someone" }).click();
  await sheet.waitFor({ ...WITHIN, state: "detached" });
  const row = rowOf(phone);
  await row.waitFor(WITHIN);
  return row;
}

test("somebody is called, the call is seen, and hung up by its button", async () => {
  const customer = await newPhone("Gil Listener");
  await network("PUT", "/carrier/people", { phone: `+${customer}`, does: "answers after 1s, wait 600s" });
  const row = await calls(customer, LONG);
  await row.locator("[data-call-state=in_progress]").waitFor(WITHIN);
  await row.getByRole("link").click();
  const sheet = page.getByRole("dialog", { name: "Call", exact: true });
  await sheet.getByRole("button", { name: "Hang up" }).click(WITHIN);
  const ask = page.getByRole("dialog", { name: "Hang up this call?" });
  assert.deepEqual(await violations(page), []);
  await ask.getByRole("button", { name: "Hang up" }).click();
  await ask.waitFor({ ...WITHIN, state: "detached" });

  await sheet.locator("[data-call-state=completed]").waitFor(WITHIN);
  await sheet.getByText("Somebody in your business ended this call.").waitFor(WITHIN);
  assert.equal(await sheet.getByRole("button", { name: "Hang up" }).count(), 0);
  const [call] = await callsOf(customer);
  assert.equal(call.status, "completed");
  await page.goto("/settings/audit");
  await page.locator("[data-entry]").filter({ hasText: "ended a call" }).first().waitFor(WITHIN);
  assert.deepEqual(errors, []);
});

test("an operator takes back the slot of a call, and the audit log has it", async () => {
  const customer = await newPhone("Ron Listener");
  await network("PUT", "/carrier/people", { phone: `+${customer}`, does: "answers after 1s, wait 600s" });
  const row = await calls(customer, LONG);
  await row.locator("[data-call-state=in_progress]").waitFor(WITHIN);
  const [{ sid }] = await callsOf(customer);
  await page.goto("/slots");
  const slot = page.locator(`[data-slot="${sid}"]`);
  await slot.getByRole("button", { name: "Release" }).click(WITHIN);
  const ask = page.getByRole("dialog", { name: "Release this call?" });
  assert.deepEqual(await violations(page), []);
  await ask.getByRole("button", { name: "Release" }).click();
  await page.getByText("The slot is free.").waitFor(WITHIN);
  await slot.waitFor({ ...WITHIN, state: "detached" });
  await page.goto("/settings/audit");
  await page.locator("[data-entry]").filter({ hasText: "released a call" }).first().waitFor(WITHIN);
  await network("POST", `/calls/${sid}/hangup`, {});
  assert.deepEqual(errors, []);
});

test("a call that nobody answers says so in words", async () => {
  const customer = await newPhone("Busy Person");
  await network("PUT", "/carrier/people", { phone: `+${customer}`, does: "busy" });
  const row = await calls(customer, "Your order is ready.");
  await row.locator("[data-call-state=busy]").waitFor(WITHIN);
  await row.getByText("The line of whoever was called was busy.").waitFor(WITHIN);
  assert.deepEqual(errors, []);
});

test("a call that waits for a line says until when and why, and is taken back in Hebrew", async () => {
  const customer = await newPhone("Noa Patient");
  await lines(0);
  try {
    const wanted = { to: `+${customer}`, text: "Your order is ready.", expires_in: 3_600 };
    const { call_sid: call } = await owner("POST", "/v1/calls", wanted);
    await page.goto("/calls");
    await rowOf(customer).getByText("Waits for a line until").waitFor(WITHIN);
    const hebrew = await profile(browser, { language: "he" });
    const { page: theirs, errors: faults } = await open(hebrew, "/sign-in");
    await signIn(theirs);
    await theirs.goto(`/calls?call=${encodeURIComponent(call)}`);
    const sheet = theirs.getByRole("dialog", { name: "שיחה", exact: true });
    const standing = sheet.locator("[data-standing]").filter({ hasText: "ממתינה לקו עד" });
    await standing.waitFor(WITHIN);
    await until("why it waits", async () => (await owner("GET", `/v1/calls/${call}`)).call.waits_for === "at_capacity", WITHIN.timeout);
    await theirs.reload();
    await standing.filter({ hasText: "כל הקווים של המערכת היו תפוסים." }).waitFor(WITHIN);
    await inspect(theirs, "call-waits", "he");
    await sheet.getByRole("button", { name: "ביטול השיחה" }).click();
    const ask = theirs.getByRole("dialog", { name: "לבטל את השיחה?" });
    await ask.waitFor(WITHIN);
    assert.deepEqual(await violations(theirs), []);
    await ask.getByRole("button", { name: "ביטול השיחה" }).click();
    await sheet.locator("[data-call-state=canceled]").waitFor(WITHIN);
    await sheet.getByText("מישהו בעסק שלכם סיים את השיחה.").waitFor(WITHIN);
    assert.deepEqual(faults, []);
    await hebrew.close();
  } finally {
    await lines(limit);
  }
  // Whoever else looks sees it by itself.
  await rowOf(customer).locator("[data-call-state=canceled]").waitFor(WITHIN);
  assert.deepEqual(await callsOf(customer), []);
  assert.deepEqual(errors, []);
});

test("the hours in which nobody is written to are saved and shown again", async () => {
  await page.goto("/calls/flow");
  const missed = page.getByRole("checkbox", { name: "Write on WhatsApp to whoever is missed" });
  await missed.check(WITHIN);
  await page.getByLabel("The message").fill("Sorry that we missed you.");
  const quiet = page.getByRole("checkbox", { name: "Send nothing at night" });
  await quiet.check();
  await page.getByLabel("From", { exact: true }).fill("21:30");
  await page.getByLabel("Until", { exact: true }).fill("07:15");
  await page.getByRole("button", { name: "Save the flow" }).click();
  await page.getByText("The flow is in force for new calls.", { exact: true }).waitFor(WITHIN);
  const { missed_call: kept } = (await owner("GET", "/v1/call-flow")).flow;
  assert.deepEqual(kept.quiet, { from: "21:30", to: "07:15" });

  await page.reload();
  await quiet.waitFor(WITHIN);
  assert.ok(await quiet.isChecked());
  const shown = [page.getByLabel("From", { exact: true }), page.getByLabel("Until", { exact: true })];
  assert.deepEqual(await Promise.all(shown.map((field) => field.inputValue())), ["21:30", "07:15"]);
  assert.deepEqual(errors, []);
});
