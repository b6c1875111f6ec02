// The ways in which every page is looked at, and what must hold in each.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { violations } from "./axe.mjs";
import { PHONE, WIDE } from "./chromium.mjs";

const results = fileURLToPath(new URL("../test-results/", import.meta.url));

export const LANGUAGES = ["en", "he"];

/** Both themes on a desk and on a phone; the window changes its size once. */
export const LOOKS = [
  { theme: "light", viewport: WIDE },
  { theme: "dark", viewport: WIDE },
  { theme: "dark", viewport: PHONE },
  { theme: "light", viewport: PHONE },
];

async function take(page, theme, viewport) {
  await page.setViewportSize(viewport);
  await page.evaluate(async (look) => {
    document.documentElement.dataset.theme = look;
    await document.fonts.ready;
    // Two frames: the parts that measure themselves have done so. Then the colours that still change.
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await Promise.allSettled(document.getAnimations().map((each) => each.finished));
  }, theme);
}

/** In every look: a screenshot is kept, axe finds nothing, and nothing is cut off sideways. */
export async function inspect(page, scene, language, looks = LOOKS) {
  mkdirSync(results, { recursive: true });
  for (const { theme, viewport } of looks) {
    const name = `${scene}-${language}-${theme}-${viewport.width}`;
    await take(page, theme, viewport);
    await page.screenshot({ path: `${results}${name}.png` });
    assert.deepEqual(await violations(page), [], name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
  }
  await take(page, LOOKS[0].theme, LOOKS[0].viewport);
}
