// Calls: a number is added, the flow is changed, tried and refused with its faults, and the limit of slots is changed.
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, test } from "node:test";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { owner } from "./demo.mjs";

const WITHIN = { timeout: 30_000 };
let browser;
let page;
let errors;

before(async () => {
  browser = await launch();
  const context = await profile(browser);
  ({ page, errors } = await open(context, "/sign-in"));
  await signIn(page);
});

after(() => browser?.close());

test("a number takes calls until it is removed", async () => {
  const phone = `+97235${randomInt(100_000, 999_999)}`;
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Calls", exact: true }).click();
  await page.getByRole("link", { name: "Phone numbers" }).click();
  await page.getByRole("button", { name: "Add a number" }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("Number", { exact: true }).fill("0501234567");
  await sheet.getByLabel("Name", { exact: true }).fill("Front desk");
  await sheet.getByRole("button", { name: "Add a number" }).click();
  await sheet.getByText("Write + and the number with its country code").waitFor(WITHIN);
  await sheet.getByLabel("Number", { exact: true }).fill(phone);
  await sheet.getByRole("button", { name: "Add a number" }).click();
  const row = page.locator(`[data-call-number="${phone}"]`);
  await row.waitFor(WITHIN);
  await row.getByRole("button", { name: "Remove Front desk" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await row.waitFor({ ...WITHIN, state: "detached" });
  assert.deepEqual(errors, []);
});

test("a step is added, its fault is shown where it is, and what is saved is what calls go by", async () => {
  await page.goto("/calls/flow");
  await page.locator("[data-form]").waitFor(WITHIN);
  const { version } = await owner("GET", "/v1/call-flow");
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.getByRole("menuitem", { name: "Menu" }).click();
  const form = page.locator("[data-form^=menu]");
  const id = await form.getAttribute("data-form");
  await page.getByLabel("While you are open", { exact: true }).selectOption(id);
  await page.getByRole("button", { name: "Save the flow" }).click();
  await form.getByText("Something has to be here.").waitFor(WITHIN);
  await page.locator(`[data-node=${id}]`).getByText("Fault").waitFor(WITHIN);
  assert.equal((await owner("GET", "/v1/call-flow")).version, version, "nothing of it was kept");
  await form.getByLabel("What is said first").fill("Press 1 to leave a message");

  // The preview walks by what stands in the editor.
  await page.getByRole("button", { name: "Call while open" }).click();
  await page.locator("[aria-live=polite]").getByText("Press 1 to leave a message").waitFor(WITHIN);
  await page.getByRole("button", { name: "Press 1", exact: true }).click();
  await page.getByText("Here the call ends.").waitFor(WITHIN);

  await page.getByRole("button", { name: "Save the flow" }).click();
  await page.getByText("The flow is in force for new calls.", { exact: true }).waitFor(WITHIN);
  const kept = await owner("GET", "/v1/call-flow");
  assert.equal(kept.version, version + 1);
  assert.equal(kept.flow.nodes[id].prompt, "Press 1 to leave a message");
  // The refusal itself is logged by the browser.
  assert.deepEqual(errors.filter((each) => !String(each).includes("422")), []);
});

test("an operator changes the limit, and the page shows it", async () => {
  await page.goto("/slots");
  await page.locator("[data-slots]").waitFor(WITHIN);
  const { limit } = await owner("GET", "/v1/admin/calls/limit");
  await page.getByRole("button", { name: "Change the limit" }).click();
  await page.getByLabel("Calls at a time").fill(String(limit + 1));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText(`0 of ${limit + 1}`).waitFor(WITHIN);
  assert.deepEqual((await owner("GET", "/v1/admin/calls/limit")).limit, limit + 1);
});
