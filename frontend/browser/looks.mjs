// The ways in which every page is looked at, and what must hold in each.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { violations } from "./axe.mjs";
import { PHONE, WIDE } from "./chromium.mjs";

const results = fileURLToPath(new URL("../test-results/", import.meta.url));

export const LOOKS = ["en", "he"].flatMap((language) =>
  ["light", "dark"].flatMap((theme) => [WIDE, PHONE].map((viewport) => ({ language, theme, viewport }))),
);

/** Keeps a screenshot; axe finds nothing, and nothing is cut off sideways. */
export async function inspect(page, scene, { language, theme, viewport }) {
  const name = `${scene}-${language}-${theme}-${viewport.width}`;
  mkdirSync(results, { recursive: true });
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  await page.screenshot({ path: `${results}${name}.png` });
  assert.deepEqual(await violations(page), [], name);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
}
