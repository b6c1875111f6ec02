// Operating the platform: a queue is paused and goes on, a business is made, limited and suspended, dead letters are found.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { until } from "./demo.mjs";

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

test("a queue is paused, says so, and goes on", async () => {
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Queues" }).click();
  const row = page.locator("[data-queue=recordings]");
  await row.getByText("1 worker").waitFor(WITHIN);
  await row.getByRole("button", { name: "Pause recordings" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await row.getByText("Paused").waitFor(WITHIN);
  await row.getByRole("button", { name: "Resume recordings" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await row.getByText("Paused").waitFor({ ...WITHIN, state: "detached" });
  await page.goto("/settings/audit");
  await page.locator("[data-entry]").filter({ hasText: "paused a queue" }).first().waitFor(WITHIN);
  assert.deepEqual(errors, []);
});

test("the figures of a queue are those of what it did, and its hour is drawn", async () => {
  await page.goto("/queues?queue=maintenance");
  // Regular jobs run every ten seconds, and a worker tells every five.
  await until("a plot", async () => (await page.locator(".uplot canvas").count()) === 2, 60_000);
  await page.locator("[data-queue=maintenance]").getByRole("link", { name: "maintenance" }).waitFor(WITHIN);
  assert.deepEqual(errors, []);
});

test("dead letters say that there are none, and a filter is kept in the address", async () => {
  await page.goto("/queues/dead-letters");
  await page.getByRole("heading", { name: "Dead letters", level: 1 }).waitFor(WITHIN);
  await page.getByLabel("Queue", { exact: true }).selectOption("low");
  await page.waitForURL(/queue=low/);
  await page.getByText("Nothing fits. Ask for less.").waitFor(WITHIN);
  await page.getByRole("button", { name: "Show everything" }).click();
  await page.waitForURL((url) => !url.search.includes("queue"));
  assert.deepEqual(errors, []);
});

test("a business is made with a link for its owner, limited, suspended and active again", async () => {
  const name = `Bakery ${Date.now()}`;
  await page.goto("/businesses");
  await page.getByRole("button", { name: "New business" }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("Name", { exact: true }).fill(name);
  await sheet.getByLabel("Email of its owner").fill(`ben-${Date.now()}@example.com`);
  await sheet.getByRole("button", { name: "Make business" }).click();
  const link = await sheet.locator("output").innerText(WITHIN);
  assert.match(link, /\/invitation#token=./);
  await sheet.getByRole("button", { name: "Done" }).click();

  await page.goto(`/businesses?q=${encodeURIComponent(name)}`);
  const row = page.locator("[data-tenant]");
  await row.getByText(name).waitFor(WITHIN);
  const act = async (item) => {
    await row.getByRole("button", { name: `Actions for ${name}` }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  await act("Name and limits");
  await sheet.getByLabel("Numbers at most").fill("3");
  await sheet.getByLabel("Calls at a time at most").fill("4");
  await sheet.getByRole("button", { name: "Save" }).click();
  await row.getByText("0 of 3 numbers").waitFor(WITHIN);
  await row.getByText("at most 4 calls at a time").waitFor(WITHIN);
  await act("Suspend");
  await sheet.getByRole("button", { name: "Suspend" }).click();
  await row.getByText("Suspended").waitFor(WITHIN);
  await act("End suspension");
  await sheet.getByRole("button", { name: "End suspension" }).click();
  await row.getByText("Suspended").waitFor({ ...WITHIN, state: "detached" });
  assert.deepEqual(errors, []);
});
