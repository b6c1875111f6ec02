// The ways in which every page is looked at, and what must hold in each.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { violations } from "./axe.mjs";
import { PHONE, WIDE } from "./chromium.mjs";

const results = fileURLToPath(new URL("../test-results/", import.meta.url));

export const LANGUAGES = ["en", "he"];

/** Both themes on a desk and on a phone; the window changes its size once. */
const LOOKS = [
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

/** Whether axe looks too: in each language once at each theme, and in the other language at the other size. */
const isChecked = (language, look) => (LOOKS.indexOf(look) % 2 === 0) === (language === "en");

/** In every look: a screenshot is kept, and nothing is cut off sideways. In every theme axe finds nothing. */
export async function inspect(page, scene, language) {
  mkdirSync(results, { recursive: true });
  for (const look of LOOKS) {
    const { theme, viewport } = look;
    const name = `${scene}-${language}-${theme}-${viewport.width}`;
    await take(page, theme, viewport);
    await page.screenshot({ path: `${results}${name}.png` });
    if (isChecked(language, look)) assert.deepEqual(await violations(page), [], name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
  }
  await take(page, LOOKS[0].theme, LOOKS[0].viewport);
}
