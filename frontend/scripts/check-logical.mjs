// Fails on anything that says left or right in styles: the pages must read as well from
// right to left, so only logical properties and utilities are allowed.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../src", import.meta.url));

const UTILITY =
  /(?<![\w-])-?(?:(?:m|p|scroll-m|scroll-p)[lr]|left|right|(?:border|rounded)-[lr]|rounded-(?:tl|tr|bl|br)|text-(?:left|right)|float-(?:left|right)|clear-(?:left|right)|space-x-reverse|origin-(?:top-|bottom-)?(?:left|right))(?:-[\w./[\]-]+)?(?=[\s"'`])/;
const PROPERTY =
  /(?:^|[\s{;])(?:(?:margin|padding|border)-(?:left|right)[\w-]*|(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius)\s*:|text-align:\s*(?:left|right)|float:\s*(?:left|right)/;
const STYLE_OBJECT = /\b(?:margin|padding|border)(?:Left|Right)\b|\b(?:left|right):\s*(?:["'`\d-])/;

const problems = [];
for (const name of readdirSync(source, { recursive: true })) {
  if (!/\.(tsx?|css)$/.test(name) || name.endsWith(".d.ts")) continue;
  const lines = readFileSync(join(source, name), "utf8").split("\n");
  for (const [index, line] of lines.entries()) {
    const bad = name.endsWith(".css")
      ? PROPERTY.test(line)
      : STYLE_OBJECT.test(line) || (/["'`]/.test(line) && /class|cn\(|: "|"$|",$/.test(line) && UTILITY.test(line));
    if (bad) problems.push(`src/${name}:${index + 1}: ${line.trim()}`);
  }
}

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
