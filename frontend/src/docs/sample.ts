// A request as a command that can be copied: an example value for each field that must be there.
import { type Operation, type Schema, type Spec, resolve } from "./spec";

function exampleOf(spec: Spec, name: string, schema: Schema): unknown {
  const full = resolve(spec, schema);
  if (full.example !== undefined) return full.example;
  if (full.enum) return full.enum[0];
  const type = Array.isArray(full.type) ? full.type[0] : full.type;
  if (type === "integer" || type === "number") return full.minimum ?? 0;
  if (type === "boolean") return true;
  if (type === "array") return [];
  if (full.properties) return bodyOf(spec, full);
  return name === "to" || name === "phone" ? "+972501234567" : "…";
}

function bodyOf(spec: Spec, schema: Schema): Record<string, unknown> {
  const full = resolve(spec, schema);
  const required = full.required ?? [];
  return Object.fromEntries(
    Object.entries(full.properties ?? {})
      .filter(([name]) => required.includes(name))
      .map(([name, field]) => [name, exampleOf(spec, name, field)]),
  );
}

/** The operation as a curl command. */
export function curlOf(spec: Spec, operation: Operation, origin: string): string {
  const lines = [`curl -X ${operation.method.toUpperCase()} '${origin}${operation.path}'`];
  if (operation.secured) lines.push(`-H "Authorization: Bearer $SWITCHYARD_KEY"`);
  if (operation.parameters.some((each) => each.in === "header" && each.name === "Idempotency-Key")) {
    lines.push(`-H "Idempotency-Key: $(uuidgen)"`);
  }
  if (operation.body) {
    lines.push(`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(bodyOf(spec, operation.body))}'`);
  }
  return lines.join(" \\\n  ");
}
