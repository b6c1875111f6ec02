// A real Chromium, pages in one language and theme, and what went wrong in them.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { demo } from "./demo.mjs";

const PLACES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable", "/usr/bin/google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const WIDE = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

export function launch() {
  const executablePath = PLACES.find((place) => place && existsSync(place));
  assert.ok(executablePath, "no Chromium found: set CHROMIUM");
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A browser profile; `kept` carries the sign-in of another one. */
export async function profile(browser, { language = "en", theme = "light", viewport = WIDE, kept, base = demo.api_url } = {}) {
  const context = await browser.newContext({
    baseURL: base,
    viewport,
    storageState: kept,
    reducedMotion: "reduce",
    // The gateway of a cluster shows a certificate that nobody vouches for.
    ignoreHTTPSErrors: base.startsWith("https:"),
  });
  await context.addInitScript(
    ([own, look]) => {
      localStorage.setItem("sy-language", own);
      localStorage.setItem("sy-theme", look);
    },
    [language, theme],
  );
  return context;
}

/** A page that collects its own errors: scripts that threw, and what the policy refused. */
export async function open(context, path) {
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) errors.push(message.text());
  });
  await page.goto(path);
  return { page, errors };
}

/** Signs in by the form, as the owner unless somebody else is named. */
export async function signIn(page, { email, password } = demo) {
  await page.goto("/sign-in");
  await page.locator("input[name=email]").fill(email);
  await page.locator("input[name=password]").fill(password);
  await page.locator("button[type=submit]").click();
  await page.waitForURL(/\/inbox/);
}
