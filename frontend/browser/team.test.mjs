// Working together: an owner invites somebody, who joins by the link and sees what the role allows; a key works until it is revoked.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { PASSWORD, demo, until } from "./demo.mjs";

const WITHIN = { timeout: 30_000 };
let browser;
let context;
let page;
let errors;

before(async () => {
  browser = await launch();
  context = await profile(browser);
  ({ page, errors } = await open(context, "/sign-in"));
  await signIn(page);
});

after(() => browser?.close());

test("somebody who is invited joins by the link, once, and sees what the role allows", async () => {
  const email = `tal-${Date.now()}@example.com`;
  await page.goto("/settings/members");
  await page.getByRole("button", { name: "Invite somebody" }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("Their email").fill(email);
  await sheet.getByLabel("Agent").check();
  await sheet.getByRole("button", { name: "Make the link" }).click();
  const link = await sheet.locator("output").innerText(WITHIN);
  await sheet.getByRole("button", { name: "Done" }).click();
  await page.locator("[data-member]").filter({ hasText: email }).getByText("Invited").waitFor(WITHIN);

  const theirs = await profile(browser);
  const invited = await open(theirs, link);
  await invited.page.getByLabel("Your name").fill("Tal Agent");
  await invited.page.getByLabel("Choose a password").fill(PASSWORD);
  await invited.page.getByRole("button", { name: "Join" }).click();
  await invited.page.waitForURL(/\/inbox/);
  const rail = invited.page.getByRole("navigation", { name: "Main" });
  await rail.getByRole("link", { name: "Inbox" }).waitFor(WITHIN);
  assert.equal(await rail.getByRole("link", { name: "Developers" }).count(), 0, "an agent is not shown the keys");
  await invited.page.goto("/settings/members");
  await invited.page.getByText("This page is not for your role").waitFor(WITHIN);

  const late = await profile(browser);
  const second = await open(late, link);
  await second.page.getByRole("alert").waitFor(WITHIN);
  assert.deepEqual([...errors, ...invited.errors, ...second.errors], []);
  await late.close();

  await page.reload();
  const row = page.locator("[data-member]").filter({ hasText: email });
  await row.getByRole("button", { name: "Actions for Tal Agent" }).click();
  await page.getByRole("menuitem", { name: "Change role" }).click();
  await page.getByRole("dialog").getByLabel("Admin").check();
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await row.getByText("Admin", { exact: true }).waitFor(WITHIN);

  await row.getByRole("button", { name: "Actions for Tal Agent" }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await row.waitFor({ state: "detached", ...WITHIN });
  await page.goto("/settings/audit");
  await page.locator("[data-entry]").filter({ hasText: "removed a member" }).first().waitFor(WITHIN);
  await page.getByLabel("What").selectOption("member.joined");
  await page.locator("[data-entry]").filter({ hasText: "removed a member" }).first().waitFor({ state: "detached", ...WITHIN });
  await page.locator("[data-entry]").filter({ hasText: "joined" }).first().waitFor(WITHIN);
  assert.ok(page.url().includes("act=member.joined"), "the filter is in the address");
  await page.getByRole("button", { name: "Show everything" }).click();
  await page.locator("[data-entry]").filter({ hasText: "removed a member" }).first().waitFor(WITHIN);
  await theirs.close();
});

test("a key is shown once, works, and is dead within seconds of being revoked", async () => {
  const name = `Shop ${Date.now()}`;
  await page.goto("/developers");
  await page.getByRole("button", { name: "Create a key" }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByLabel("Name").fill(name);
  await sheet.getByRole("button", { name: "Create a key" }).click();
  const secret = await sheet.locator("output").innerText(WITHIN);
  await sheet.getByRole("button", { name: "Done" }).click();
  const chats = () => fetch(`${demo.api_url}/v1/chats`, { headers: { authorization: `Bearer ${secret}` } });
  assert.equal((await chats()).status, 200);

  await page.reload();
  const row = page.locator("[data-key]").filter({ hasText: name });
  await row.waitFor(WITHIN);
  assert.ok(!(await page.content()).includes(secret), "the secret is shown once");
  await row.getByRole("button", { name: `Revoke ${name}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await row.waitFor({ state: "detached", ...WITHIN });
  await until("the revoked key refused", async () => (await chats()).status === 401, 5_000);
  assert.deepEqual(errors, []);
});
