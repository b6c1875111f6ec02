// Every page in the states that can be reached in a running demo, and how to get there.
import { codeOf } from "./demo.mjs";

const WITHIN = { timeout: 10_000 };
/** The server allows a person five live lines, and notices a closed page a moment later. */
const LIVE = { timeout: 30_000 };

const key = (name) => async (page) => {
  await page.locator("#chat-search").waitFor(WITHIN);
  await page.keyboard.press(name);
  await page.getByRole("dialog").waitFor(WITHIN);
};

const menu = (selector) => async (page) => {
  await page.locator(selector).first().click(WITHIN);
  await page.getByRole("menu").waitFor(WITHIN);
};

/** `ready` waits until the page shows what it is for. */
export const SCENES = [
  { name: "sign-in", signedOut: true, path: () => "/sign-in", ready: (page) => page.locator("input[name=email]").waitFor(WITHIN) },
  {
    name: "sign-in-refused",
    signedOut: true,
    path: () => "/sign-in#link=spent",
    ready: (page) => page.getByRole("alert").waitFor(WITHIN),
    once: true,
  },
  { name: "setup-closed", signedOut: true, path: () => "/setup", ready: (page) => page.getByRole("link").first().waitFor(WITHIN) },
  { name: "inbox", path: () => "/inbox", ready: (page) => page.locator("[data-chat]").first().waitFor(WITHIN) },
  { name: "inbox-search", path: () => "/inbox?q=Cohen", ready: (page) => page.locator("[data-chat] mark").first().waitFor(WITHIN) },
  { name: "inbox-no-match", path: () => "/inbox?q=zzzzzz", ready: (page) => page.locator("h2").first().waitFor(WITHIN) },
  { name: "thread", path: (made) => `/inbox/${made.chat}`, ready: (page) => page.locator("[data-message]").first().waitFor(WITHIN) },
  { name: "thread-missing", path: () => `/inbox/chat_${"0".repeat(32)}`, ready: (page) => page.getByRole("alert").waitFor(WITHIN) },
  { name: "new-chat", path: () => "/inbox", ready: key("n") },
  { name: "shortcuts", path: () => "/inbox", ready: key("?") },
  { name: "account-menu", path: () => "/inbox", ready: menu("header button[aria-haspopup=menu]") },
  { name: "numbers", path: () => "/numbers", ready: (page) => page.locator("[data-session]").first().waitFor(WITHIN) },
  { name: "number-menu", path: () => "/numbers", ready: menu("[data-session] button[aria-haspopup=menu]") },
  {
    name: "link",
    before: (made) => codeOf(made.unlinked),
    path: (made) => `/numbers?link=${made.unlinked}`,
    ready: (page) => page.locator("[data-qr]").waitFor(WITHIN),
  },
  {
    name: "link-connected",
    path: (made) => `/numbers?link=${made.session}`,
    ready: (page) => page.getByRole("dialog").getByRole("status").waitFor(WITHIN),
  },
  { name: "docs", path: () => "/docs", ready: (page) => page.locator("article").first().waitFor(WITHIN) },
  { name: "missing", path: () => "/nowhere", ready: (page) => page.locator("h1").waitFor(WITHIN) },
  {
    name: "line-down",
    path: () => "/inbox",
    ready: async (page) => {
      await page.locator("[data-line=live]").waitFor(LIVE);
      await page.context().setOffline(true);
      await page.locator("[data-line=down]").waitFor(WITHIN);
    },
    after: (page) => page.context().setOffline(false),
  },
];
