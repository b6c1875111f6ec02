// What operators do when there are several shards: a business is moved, a shard emptied and given back, a queue
// paused, and dead letters get another life. In both languages, each page looked at while something happens on it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, profile, signIn } from "../chromium.mjs";
import { until } from "../demo.mjs";
import { LANGUAGES, inspect } from "../looks.mjs";
import { business, capacity, crowd, deadLetters, say, standingStill } from "./cluster.mjs";

const WITHIN = { timeout: 30_000 };
const BUSINESSES = ["Corner bakery", "מאפיית השכונה", "Bright Dental", "Tel Aviv Bikes", "ספרים ועוד", "North Florist"];

let browser;
let ids;
/** A page for each language. */
const pages = {};

before(async () => {
  ids = await Promise.all(BUSINESSES.map((name) => business(name, 1)));
  browser = await launch();
  for (const language of LANGUAGES) {
    const context = await profile(browser, { language });
    pages[language] = await open(context, "/sign-in");
    await signIn(pages[language].page);
  }
});

after(() => browser?.close());

/** In each language one after the other; English, which acts, comes last. */
async function each(work) {
  for (const language of LANGUAGES.toReversed()) {
    const { page, errors } = pages[language];
    const word = (key) => say(language, key);
    await work(page, word, language);
    assert.deepEqual(errors, [], language);
  }
}

const shard = (page, number) => page.locator(`[data-shard="${number}"]`);
const tile = (page, number, id) => shard(page, number).locator(`[data-tile="${id}"]`);
const isLive = (page, number) => shard(page, number).locator("[data-shard-state=live]").waitFor(WITHIN);

async function confirm(page, name) {
  const sheet = page.getByRole("dialog");
  await sheet.getByRole("button", { name, exact: true }).click();
  await sheet.waitFor({ ...WITHIN, state: "detached" });
}

test("a business is moved after a look at what that would do", async () => {
  await each(async (page, word, language) => {
    await page.goto("/shards");
    await tile(page, 1, ids[0]).waitFor(WITHIN);
    for (const number of [1, 2, 3]) await isLive(page, number);
    assert.equal(await shard(page, 1).locator("[data-tile]").count() >= BUSINESSES.length, true);
    await inspect(page, "cluster-shards", language);
    await tile(page, 1, ids[0]).getByRole("button").click();
    const sheet = page.getByRole("dialog");
    await sheet.locator("select").selectOption("2");
    await sheet.getByRole("button", { name: word("shards.plan") }).click();
    await sheet.locator("[data-plan]").waitFor(WITHIN);
    await inspect(page, "cluster-move-planned", language);
    if (language !== "en") {
      // A plan changes nothing.
      await page.keyboard.press("Escape");
      await tile(page, 1, ids[0]).waitFor(WITHIN);
      return;
    }
    await sheet.getByRole("button", { name: word("shards.move"), exact: true }).click();
    await sheet.locator("[data-move=done]").waitFor(WITHIN);
    await inspect(page, "cluster-move-done", language);
    await sheet.getByRole("button", { name: word("common.done") }).click();
    await tile(page, 2, ids[0]).waitFor(WITHIN);
  });
  // The other operator sees it too.
  await tile(pages.he.page, 2, ids[0]).waitFor(WITHIN);
});

test("a shard that is being emptied says how far it is, and takes numbers again half-way", async () => {
  await each(async (page, word, language) => {
    await shard(page, 1).getByRole("button", { name: word("shards.drain"), exact: true }).click();
    await page.getByRole("dialog").waitFor(WITHIN);
    await inspect(page, "cluster-drain-asked", language);
    await page.keyboard.press("Escape");
  });
  const { page } = pages.en;
  await standingStill(["shard-2", "shard-3"], async () => {
    await shard(page, 1).getByRole("button", { name: "Drain", exact: true }).click();
    await confirm(page, "Drain");
    await each(async (own, _word, language) => {
      await shard(own, 1).locator("[data-shard-state=draining]").waitFor(WITHIN);
      await shard(own, 1).locator("[data-drain] [role=progressbar]").waitFor(WITHIN);
      await inspect(own, "cluster-draining", language);
    });
    await shard(page, 1).getByRole("button", { name: "Undo" }).click();
    await isLive(page, 1);
  });
});

test("a shard for whose numbers nobody has room says how many wait, and is emptied as soon as there is some", async () => {
  const { page, errors } = pages.en;
  // Those of the story so far may all have been on their way when the emptying was undone.
  const late = await business("Jaffa Pottery", 1);
  await tile(page, 1, late).waitFor(WITHIN);
  capacity([2, 3], 0);
  await shard(page, 1).getByRole("button", { name: "Drain", exact: true }).click();
  await confirm(page, "Drain");
  await each(async (own, _word, language) => {
    await shard(own, 1).locator("[data-waiting]").waitFor(WITHIN);
    await inspect(own, "cluster-drain-waiting", language);
  });
  const waiting = shard(page, 1).locator("[data-waiting]");
  const count = Number(await waiting.getAttribute("data-waiting"));
  assert.equal(count > 0, true);
  await shard(page, 1).getByText(new RegExp(`^${count} numbers? waits?: no other shard has room`)).waitFor(WITHIN);
  capacity([2, 3], 1_000);
  await shard(page, 1).locator("[data-drain=drained]").waitFor(WITHIN);
  await until("no tile", async () => (await shard(page, 1).locator("[data-tile]").count()) === 0);
  await waiting.waitFor({ ...WITHIN, state: "detached" });
  // They live elsewhere and still belong to it.
  await page.locator("[data-tile]", { hasText: "belongs to shard 1" }).first().waitFor(WITHIN);
  await each((own, _word, language) =>
    shard(own, 1).locator("[data-drain=drained]").waitFor(WITHIN).then(() => inspect(own, "cluster-drained", language)));
  await shard(page, 1).getByRole("button", { name: "Undo" }).click();
  await isLive(page, 1);
  assert.deepEqual(errors, []);
});

test("a new number waits for a shard with room, says so, and goes on to its code", async () => {
  capacity([1, 2, 3], 0);
  await each(async (page, word, language) => {
    await page.goto("/numbers");
    await page.getByRole("button", { name: word("numbers.add"), exact: true }).first().click();
    const sheet = page.getByRole("dialog");
    await sheet.getByLabel(word("numbers.name"), { exact: true }).fill("Sales");
    await sheet.getByRole("button", { name: word("numbers.add_submit"), exact: true }).click();
    await sheet.getByText(word("link.room")).waitFor(WITHIN);
    await inspect(page, "cluster-link-waiting", language);
  });
  capacity([1, 2, 3], 1_000);
  await each((page) => page.getByRole("dialog").locator("[data-qr]").waitFor(WITHIN));
  await each((page) => page.keyboard.press("Escape"));
});

test("a queue is paused and goes on, and the other operator sees it", async () => {
  const { page, errors } = pages.en;
  await each((own) => own.goto("/queues"));
  await page.getByRole("button", { name: "Pause media" }).click();
  await confirm(page, "Pause");
  await each(async (own, word, language) => {
    await own.locator("[data-queue=media]").getByText(word("queues.is_paused")).waitFor(WITHIN);
    await inspect(own, "cluster-queues", language);
  });
  await page.getByRole("button", { name: "Resume media" }).click();
  await confirm(page, "Resume");
  await page.locator("[data-queue=media]").getByText("Paused").waitFor({ ...WITHIN, state: "detached" });
  assert.deepEqual(errors, []);
});

const letters = (page) => page.locator("[data-letter]");
const left = (page, count) => until(`${count} letters`, async () => (await letters(page).count()) === count);

test("dead letters are retried one by one, by what they have in common, and all", async () => {
  deadLetters(ids[1], 3, "shard_unreachable");
  deadLetters(ids[2], 3, "timed_out");
  await each(async (page, word, language) => {
    await page.goto("/queues/dead-letters");
    await left(page, 6);
    await inspect(page, "cluster-letters", language);
    await page.getByRole("button", { name: word("letters.retry_all"), exact: true }).click();
    await page.getByRole("dialog").waitFor(WITHIN);
    await inspect(page, "cluster-letters-asked", language);
    await page.keyboard.press("Escape");
  });
  const { page, errors } = pages.en;
  await letters(page).filter({ hasText: "timed_out" }).first().getByRole("button", { name: "Retry" }).click();
  await left(page, 5);
  await page.getByLabel("Error", { exact: true }).selectOption("shard_unreachable");
  await left(page, 3);
  await page.getByRole("button", { name: "Retry what fits" }).click();
  await confirm(page, "Retry what fits");
  await page.getByRole("button", { name: "Show everything" }).first().click();
  await left(page, 2);
  await page.getByRole("button", { name: "Retry all" }).click();
  await confirm(page, "Retry all");
  await page.getByRole("heading", { name: "No job has died" }).waitFor(WITHIN);
  assert.deepEqual(errors, []);
});

test("of more businesses than the map shows the others are found by their name", async () => {
  crowd("Kiosk", 200);
  await each(async (page, word, language) => {
    await page.goto("/shards");
    const find = page.getByRole("search");
    await find.getByRole("searchbox").fill(BUSINESSES[4]);
    await inspect(page, "cluster-shards-many", language);
    await find.getByRole("button", { name: word("tenants.find") }).click();
    await until("the one that was asked for", async () => (await page.locator("[data-tile]").count()) === 1);
    await page.locator(`[data-tile="${ids[4]}"]`).waitFor(WITHIN);
    await find.getByRole("searchbox").fill("");
    await find.getByRole("button", { name: word("tenants.find") }).click();
    await until("many", async () => (await page.locator("[data-tile]").count()) === 200);
  });
});
