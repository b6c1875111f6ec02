// Fails when a language misses a key or has one too many, lacks a plural form that the
// language needs, or names other placeholders than English.
import { readFileSync, readdirSync } from "node:fs";

const words = new URL("../src/words/", import.meta.url);
const languages = readdirSync(words).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
const PLURAL = /_(zero|one|two|few|many|other)$/;

function flat(tree, prefix = "") {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value]] : flat(value, `${prefix}${key}.`),
  );
}

const placeholders = (text) => (text.match(/\{\{\w+\}\}|<\w+\/>/g) ?? []).filter((each) => each !== "{{count}}").toSorted().join(" ");

const problems = [];
const read = (language) => new Map(flat(JSON.parse(readFileSync(new URL(`${language}.json`, words), "utf8"))));
const english = read("en");
const bases = new Map([...english].map(([key, text]) => [key.replace(PLURAL, ""), { plural: PLURAL.test(key), marks: placeholders(text) }]));

for (const language of languages) {
  const own = read(language);
  const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  const wanted = [...bases].flatMap(([base, { plural }]) => (plural ? forms.map((form) => `${base}_${form}`) : [base]));
  for (const key of wanted) if (!own.has(key)) problems.push(`${language}: ${key} is missing`);
  for (const [key, text] of own) {
    if (!wanted.includes(key)) problems.push(`${language}: ${key} is not in English`);
    if (text.trim() === "") problems.push(`${language}: ${key} is empty`);
    const base = bases.get(key.replace(PLURAL, ""));
    if (base && placeholders(text) !== base.marks) problems.push(`${language}: ${key} has other placeholders than English`);
  }
}

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
