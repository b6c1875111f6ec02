// The description of the API keeps its word: every operation shows what it takes and answers, and each example is one.
import Ajv2020 from "ajv/dist/2020";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Schema, type Spec, operationsByTag } from "./spec";

const spec = JSON.parse(readFileSync(new URL("../../../api/openapi.json", import.meta.url), "utf8")) as Spec;

/** No field may be there that the schema does not know; parts of a whole know only theirs. */
function closed(schema: Schema & { additionalProperties?: unknown }, isPart = false): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map((each: Schema) => closed(each, isPart));
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value as Schema, isPart || key === "allOf")]));
  return schema.properties && !isPart && schema.additionalProperties === undefined ? { ...inner, additionalProperties: false } : inner;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function newValidator(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addFormat("date-time", INSTANT);
  ajv.addFormat("uri", (text) => URL.canParse(text));
  for (const name of ["int32", "int64"]) ajv.addFormat(name, { type: "number", validate: Number.isSafeInteger });
  // Parts are joined by `allOf`, where none may be closed; so may be what they refer to.
  const parts = new Set(JSON.stringify(spec).match(/"allOf":\[\{"\$ref":"[^"]*/g)?.map((each) => each.split("/").at(-1)));
  for (const [name, schema] of Object.entries(spec.components?.schemas ?? {})) {
    ajv.addSchema(closed(schema, parts.has(name)) as object, `#/components/schemas/${name}`);
  }
  return ajv;
}

const ajv = newValidator();

function expectValid(schema: Schema, example: unknown): void {
  const validate = ajv.compile(closed(schema) as object);
  expect(validate(example) ? [] : validate.errors).toEqual([]);
}

const operations = [...operationsByTag(spec).values()].flat();

test("every operation of the file is looked at", () => {
  const all = Object.values(spec.paths).flatMap((item) => Object.keys(item));
  expect(operations).toHaveLength(all.length);
});

describe.each(operations)("$method $path", (operation) => {
  test("has a title of one sentence", () => {
    expect(operation.summary).toMatch(/^[A-Z][^\n]{5,120}$/);
  });

  test("shows the body that it takes", () => {
    if (operation.body) expectValid(operation.body, operation.bodyExample);
  });

  test("shows each answer that has a body, every code of a refusal included", () => {
    for (const answer of operation.answers) {
      const isShown = answer.schema === null || answer.examples.length > 0 || answer.status === "503";
      expect(isShown, answer.status).toBe(true);
      for (const example of answer.examples) if (answer.schema) expectValid(answer.schema, example);
    }
  });

  test("names every refusal that its form implies", () => {
    const statuses = operation.answers.map((answer) => answer.status);
    expect(statuses).toContain("500");
    expect(statuses).not.toContain("default");
    if (operation.secured) expect(statuses).toEqual(expect.arrayContaining(["401", "429"]));
    if (operation.body) expect(statuses).toEqual(expect.arrayContaining(["400", "413"]));
  });
});
