// Every page in the states that can be reached in a running demo, and how to get there.
import { api, codeOf, network } from "./demo.mjs";
import { calls } from "./furnish.mjs";

const WITHIN = { timeout: 30_000 };

const shows = (selector) => (page) => page.locator(selector).first().waitFor(WITHIN);

const key = (name) => async (page) => {
  await page.locator("#chat-search").waitFor(WITHIN);
  await page.keyboard.press(name);
  await page.getByRole("dialog").waitFor(WITHIN);
};

const menu = (selector) => async (page) => {
  await page.locator(selector).first().click(WITHIN);
  await page.getByRole("menu").waitFor(WITHIN);
};

/** Opens the sheet behind a button once the page shows its rows. */
const sheet = (rows, icon) => async (page) => {
  await page.locator(rows).first().waitFor(WITHIN);
  await page.locator("button").filter({ has: page.locator(icon) }).first().click();
  await page.getByRole("dialog").waitFor(WITHIN);
};

/** `ready` waits until the page shows what it is for; `as` names who looks, else the owner; `after` gets what `before` made. */
export const SCENES = [
  { name: "sign-in", as: "nobody", path: () => "/sign-in", ready: shows("input[name=email]") },
  { name: "sign-in-refused", as: "nobody", path: () => "/sign-in#link=spent", ready: shows("[role=alert]") },
  { name: "setup-closed", as: "nobody", path: () => "/setup", ready: shows("main a") },
  { name: "inbox", path: () => "/inbox", ready: shows("[data-chat]") },
  { name: "inbox-search", path: () => "/inbox?q=Cohen", ready: shows("[data-chat] mark") },
  { name: "inbox-search-words", path: () => "/inbox?q=in%20blue", ready: shows("[data-chat] mark") },
  { name: "inbox-no-match", path: () => "/inbox?q=zzzzzz", ready: shows("h2") },
  { name: "inbox-of-a-number", path: (made) => `/inbox?unread=true&number=${made.unlinked}`, ready: shows("h2") },
  { name: "thread", path: (made) => `/inbox/${made.chat}`, ready: shows("[data-message]") },
  { name: "thread-failed", path: (made) => `/inbox/${made.failed}`, ready: shows("[data-status=failed]") },
  { name: "thread-missing", path: () => `/inbox/chat_${"0".repeat(32)}`, ready: shows("[role=alert]") },
  {
    name: "line-down",
    path: (made) => `/inbox/${made.chat}`,
    ready: async (page) => {
      await page.locator("[data-line=live]").waitFor(WITHIN);
      await page.context().setOffline(true);
      await page.locator("[data-line=down]").waitFor(WITHIN);
    },
  },
  { name: "new-chat", path: () => "/inbox", ready: key("n") },
  { name: "shortcuts", path: () => "/inbox", ready: key("?") },
  {
    name: "palette",
    path: () => "/inbox",
    ready: async (page) => {
      await page.locator("#chat-search").waitFor(WITHIN);
      await page.keyboard.press("Control+K");
      await page.getByRole("dialog").getByRole("combobox").fill("Coh");
      await shows("[cmdk-item] mark")(page);
    },
  },
  { name: "account-menu", path: () => "/inbox", ready: menu("header button[aria-haspopup=menu] >> nth=-1") },
  { name: "numbers", path: () => "/numbers", ready: shows("[data-session]") },
  { name: "number-menu", path: () => "/numbers", ready: menu("[data-session] button[aria-haspopup=menu]") },
  { name: "link", before: (made) => codeOf(made.unlinked), path: (made) => `/numbers?link=${made.unlinked}`, ready: shows("[data-qr]") },
  {
    name: "link-ended",
    before: (made) => codeOf(made.unlinked),
    path: (made) => `/numbers?link=${made.unlinked}`,
    ready: async (page, made) => {
      await shows("[data-qr]")(page);
      await api("POST", `/v1/sessions/${made.unlinked}/disconnect`);
      await shows("[role=dialog] [role=alert]")(page);
    },
  },
  { name: "link-connected", path: (made) => `/numbers?link=${made.session}`, ready: shows("[role=dialog] [role=status] h2") },
  { name: "settings", path: () => "/settings", ready: shows("input[name=name]") },
  { name: "members", path: () => "/settings/members", ready: shows("[data-member]") },
  { name: "invite", path: () => "/settings/members", ready: sheet("[data-member]", "svg.lucide-user-plus") },
  { name: "audit", path: () => "/settings/audit", ready: shows("[data-entry]") },
  { name: "queues", path: () => "/queues", ready: shows("[data-queue=high]") },
  { name: "queue-pause", path: () => "/queues?queue=low", ready: sheet("[data-queue=low]", "svg.lucide-pause") },
  { name: "dead-letters", path: () => "/queues/dead-letters", ready: shows("main h2, [data-letter]") },
  { name: "dead-letters-none", path: () => "/queues/dead-letters?queue=media&hours=24", ready: shows("main h2") },
  {
    name: "calls",
    path: () => "/calls",
    ready: async (page) => {
      await shows(".uplot canvas")(page);
      await shows("[data-call]")(page);
    },
  },
  {
    name: "call",
    path: (made) => `/calls?call=${made.call}`,
    ready: async (page) => {
      await shows("[role=dialog] [data-step]")(page);
      await page.waitForFunction(() => document.querySelector("audio")?.duration > 0, null, WITHIN);
    },
  },
  { name: "call-numbers", path: () => "/calls/numbers", ready: shows("[data-call-number]") },
  {
    name: "call-number-webhooks",
    path: () => "/calls/numbers",
    ready: async (page) => {
      await page.locator("[data-webhooks] summary").first().click();
      await shows("[data-webhooks] code")(page);
    },
  },
  { name: "call-number-new", path: () => "/calls/numbers", ready: sheet("[data-call-number]", "svg.lucide-plus") },
  { name: "call-flow", path: () => "/calls/flow", ready: shows("[data-form]") },
  {
    name: "call-flow-faulty",
    path: () => "/calls/flow",
    ready: async (page) => {
      await shows("[data-form]")(page);
      await page.locator("[data-form=menu] textarea").first().fill(" ");
      await page.locator("main button.bg-accent").last().click();
      await shows("[data-form] [aria-invalid=true]")(page);
    },
  },
  { name: "call-flow-of-an-agent", as: "agent", path: () => "/calls/flow", ready: shows("[data-node]") },
  {
    name: "slots",
    // A call that lasts for as long as anybody looks.
    before: () => calls("+972559999998", ["expect verb Record", "tone 100s"]),
    after: (sid) => network("POST", `/calls/${sid}/hangup`, {}),
    path: () => "/slots",
    ready: shows("[data-slot]"),
  },
  { name: "slots-limit", path: () => "/slots", ready: sheet("[data-slots]", "svg.lucide-sliders-horizontal") },
  { name: "slots-denied", as: "agent", path: () => "/slots", ready: shows("main h1") },
  { name: "businesses", path: () => "/businesses", ready: shows("[data-tenant]") },
  { name: "business-new", path: () => "/businesses", ready: sheet("[data-tenant]", "svg.lucide-plus") },
  { name: "business-menu", path: () => "/businesses", ready: menu("[data-tenant] button[aria-haspopup=menu]") },
  { name: "shards", path: () => "/shards", ready: shows("[data-shard]") },
  { name: "developers", path: () => "/developers?code=python", ready: shows("[data-key]") },
  { name: "new-key", path: () => "/developers", ready: sheet("[data-key]", "svg.lucide-plus") },
  { name: "invitation", as: "nobody", path: (made) => made.invitation, ready: shows("input[name=name]") },
  { name: "invitation-dead", as: "nobody", path: () => "/invitation#token=spent", ready: shows("[role=alert]") },
  { name: "developers-denied", as: "agent", path: () => "/developers", ready: shows("main h1") },
  { name: "queues-denied", as: "agent", path: () => "/queues", ready: shows("main h1") },
  { name: "settings-of-an-agent", as: "agent", path: () => "/settings", ready: shows("main h2") },
  { name: "docs", path: () => "/docs", ready: shows("article") },
  { name: "missing", path: () => "/nowhere", ready: shows("h1") },
];
