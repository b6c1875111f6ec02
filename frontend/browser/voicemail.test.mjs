// Two customers call the business: one hears its greeting, chooses and leaves a message, which the owner sees come in
// and listens to; the other one hangs up and is written to on WhatsApp.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { violations } from "./axe.mjs";
import { launch, open, profile, signIn } from "./chromium.mjs";
import { api, demo, linkedNumber, network, newPhone, owner, until } from "./demo.mjs";
import { openPhones } from "./phones.mjs";
import { wave } from "./wave.mjs";

const WITHIN = { timeout: 60_000 };
const SORRY = `Sorry that we missed you. How can we help? ${Date.now()}`;
const MESSAGE = "Please call me back about the red bicycle, the one with the basket, before you close today.";
const GREETING = wave(1.5);
/** The account that every simulated telephone network has from its start. */
const ACCOUNT = "AC00000000000000000000000000000001";
const SECRET = "12345678901234567890123456789012";
let browser;
let context;
let page;
let errors;
let phones;
let line;
let session;
let former;
let studio;

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const ledger = async (sid) => (await network("GET", `/calls/${sid}/ledger`)).data;
const callOf = async (phone) => (await network("GET", `/calls?phone=%2B${phone}`)).data[0].sid;

/** What callers hear: a greeting of the business's own, a menu that waits long, and a mailbox. */
function flow(greeting) {
  return {
    language: "en",
    time_zone: "Asia/Jerusalem",
    entry: { open: "greet", closed: "greet" },
    nodes: {
      greet: { kind: "play", url: greeting, next: "menu" },
      menu: { kind: "menu", prompt: "Press 1 to leave a message.", options: { 1: "voicemail" }, timeout_s: 30, retries: 5, no_input: "voicemail" },
      voicemail: { kind: "voicemail", prompt: "Speak after the tone & press # when you are done." },
    },
  };
}

before(async () => {
  studio = createServer((_, answer) => answer.writeHead(200, { "content-type": "audio/wav" }).end(GREETING)).listen(0, "127.0.0.1");
  await once(studio, "listening");
  ({ session } = await linkedNumber("Shop of the story"));
  line = (await until("the demo's line", async () => (await network("GET", "/carrier/numbers")).data[0])).phone;
  former = (await owner("GET", "/v1/call-flow")).flow;
  // By another name than ours: the provider signs what it fetches, so no flow plays what is on our own host.
  await put(flow(`http://localhost:${studio.address().port}/greeting.wav`));
  browser = await launch();
  context = await profile(browser);
  phones = await openPhones(await profile(browser));
  ({ page, errors } = await open(context, "/sign-in"));
  await signIn(page);
});

after(async () => {
  await browser?.close();
  studio?.close();
  if (former) await put(former);
});

async function put(wanted) {
  const { version } = await owner("GET", "/v1/call-flow");
  await owner("PUT", "/v1/call-flow", { version, flow: wanted });
}

test("the owner says which number writes to those who were missed", async () => {
  await page.goto("/calls/flow");
  await page.getByRole("checkbox", { name: "Write on WhatsApp to whoever is missed" }).check(WITHIN);
  await page.getByLabel("The message").fill(SORRY);
  await page.getByLabel("Write from this number").selectOption(session);
  await page.getByRole("button", { name: "Save the flow" }).click();
  await page.getByText("The flow is in force for new calls.", { exact: true }).waitFor(WITHIN);
  const { missed_call: kept } = (await owner("GET", "/v1/call-flow")).flow;
  assert.deepEqual({ enabled: kept.enabled, text: kept.text, session_id: kept.session_id }, { enabled: true, text: SORRY, session_id: session });
});

test("a customer leaves a message, and the owner sees the call and plays it", async () => {
  // Other tests' calls may take their time.
  await until("every other call is over", async () => (await network("GET", "/calls?live=true")).data.length === 0, 180_000);
  await page.goto("/calls");
  await page.locator("[data-line=live]").waitFor(WITHIN);
  const gauge = page.locator("[data-live]");
  await gauge.waitFor(WITHIN);
  const taken = Number(await gauge.getAttribute("data-live"));

  const customer = await newPhone("Lior Caller");
  const heard = await phones.dial(customer, line);
  await heard.filter({ hasText: "♪ a recording is played" }).waitFor(WITHIN);
  await heard.filter({ hasText: "Press 1 to leave a message." }).first().waitFor(WITHIN);
  const sid = await callOf(customer);
  const played = (await ledger(sid)).find((each) => each.kind === "played");
  assert.equal(played.sha256, sha256(GREETING), "what was heard is the business's own file");

  // Nothing is loaded again: the row and the gauge come by themselves.
  const row = page.locator(`[data-call="${sid}"]`);
  await row.locator("[data-call-state=in_progress]").waitFor(WITHIN);
  await page.locator(`[data-live="${taken + 1}"]`).waitFor(WITHIN);
  assert.deepEqual(await violations(page), []);

  const phone = await phones.take(customer);
  await phone.getByTestId("key-1").click();
  await heard.filter({ hasText: "Recording after the tone" }).waitFor(WITHIN);
  await phone.getByTestId("speech").fill(MESSAGE);
  await phone.getByTestId("speak").click();
  await heard.filter({ hasText: MESSAGE }).waitFor(WITHIN);
  await phone.getByTestId("key-#").click();
  await heard.filter({ hasText: "The call is completed" }).waitFor(WITHIN);
  assert.deepEqual((await ledger(sid)).filter((each) => each.kind === "error"), []);

  await row.locator("[data-call-state=completed]").waitFor(WITHIN);
  await page.locator(`[data-live="${taken}"]`).waitFor(WITHIN);
  await row.getByText("Recording").waitFor(WITHIN);
  await row.getByRole("link").click();
  const player = page.getByRole("dialog").locator("audio");
  await player.waitFor(WITHIN);

  const recorded = (await ledger(sid)).find((each) => each.kind === "recorded");
  const answer = await fetch(`${demo.api_url}/v1/calls/${sid}/recording`, { headers: { authorization: `Bearer ${demo.api_key}` } });
  assert.equal(answer.status, 200);
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(sha256(bytes), recorded.sha256, "what is played is what the network recorded");
  assert.equal(bytes.length, recorded.bytes);

  const seconds = await until("the player knows how long it is", () => player.evaluate((audio) => (audio.readyState > 0 ? audio.duration : 0)), WITHIN.timeout);
  assert.ok(Math.abs(seconds - recorded.seconds) <= 1, `${seconds} s of ${recorded.seconds} s`);
  await player.evaluate((audio) => {
    audio.muted = true;
    return audio.play();
  });
  await until("it plays", () => player.evaluate((audio) => audio.currentTime > 0), WITHIN.timeout);
  assert.equal(await player.evaluate((audio) => audio.error), null);
  assert.deepEqual(await violations(page), []);

  // The network's own copy goes once ours is safe.
  const copy = `${demo.sim_url}/2010-04-01/Accounts/${ACCOUNT}/Recordings/${recorded.recording}.wav`;
  const authorization = `Basic ${Buffer.from(`${ACCOUNT}:${SECRET}`).toString("base64")}`;
  await until("the network's copy is gone", async () => (await fetch(copy, { headers: { authorization } })).status === 404, WITHIN.timeout);
  assert.deepEqual(errors, []);
});

test("whoever hangs up in the greeting is written to on WhatsApp", async () => {
  const customer = await newPhone("Maya Hasty");
  const heard = await phones.dial(customer, line);
  await heard.filter({ hasText: "♪ a recording is played" }).waitFor(WITHIN);
  const phone = await phones.take(customer);
  await phone.getByTestId("hangup").click();
  await heard.filter({ hasText: "The call is completed" }).waitFor(WITHIN);
  const sid = await callOf(customer);

  await page.goto("/calls");
  const row = page.locator(`[data-call="${sid}"]`);
  await row.getByText("The caller spoke to nobody").waitFor(WITHIN);

  // Once, from the number that was chosen, on the customer's phone and in the inbox.
  await phone.getByTestId("tab-chats").click();
  const { phone: shop } = await api("GET", `/v1/sessions/${session}`);
  await phones.read(customer, shop.replace("+", ""));
  const bubble = await phones.bubbles(customer, SORRY);
  await bubble.waitFor(WITHIN);
  assert.equal(await bubble.count(), 1);
  await page.getByRole("link", { name: "Inbox", exact: true }).click();
  const chat = page.locator("[data-chat]").filter({ hasText: SORRY });
  await chat.first().click(WITHIN);
  const thread = page.getByRole("region", { name: /^Messages with/ });
  const sent = thread.locator("li").filter({ hasText: SORRY });
  await sent.locator("[data-status=read]").waitFor(WITHIN);
  assert.equal(await sent.count(), 1);
  assert.deepEqual(errors, []);
  assert.deepEqual(phones.errors, []);
});
