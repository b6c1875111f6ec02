// A request as a command that can be copied, with the example of the description.
import type { Operation } from "./spec";

/** The operation as a curl command. */
export function curlOf(operation: Operation, origin: string): string {
  const lines = [`curl -X ${operation.method.toUpperCase()} '${origin}${operation.path}'`];
  if (operation.secured) lines.push(`-H "Authorization: Bearer $SWITCHYARD_KEY"`);
  if (operation.parameters.some((each) => each.in === "header" && each.name === "Idempotency-Key")) {
    lines.push(`-H "Idempotency-Key: $(uuidgen)"`);
  }
  if (operation.body) {
    lines.push(`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(operation.bodyExample ?? {})}'`);
  }
  return lines.join(" \\\n  ");
}
