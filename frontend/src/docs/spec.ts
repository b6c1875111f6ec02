// The parts of an OpenAPI 3.1 file that the page shows, and how they are read.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  example?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

type Content = Record<string, { schema?: Schema; example?: unknown; examples?: Record<string, { value: unknown }> }>;

interface Response {
  $ref?: string;
  description?: string;
  content?: Content;
}

interface RawOperation {
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { content?: Content };
  responses?: Record<string, Response>;
  security?: unknown[];
}

export interface Spec {
  tags?: { name: string }[];
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, RawOperation>>;
  components?: { schemas?: Record<string, Schema>; responses?: Record<string, Response> };
}

export interface Answer {
  status: string;
  description: string;
  schema: Schema | null;
  /** One example, or one for each code of a refusal. */
  examples: unknown[];
}

export interface Operation {
  id: string;
  tag: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  body: Schema | null;
  bodyExample: unknown;
  answers: Answer[];
  /** Whether it needs a credential. */
  secured: boolean;
}

const METHODS = ["get", "post", "put", "patch", "delete"];

function firstSchema(content: Content | undefined): Schema | null {
  return Object.values(content ?? {})[0]?.schema ?? null;
}

function examplesOf(content: Content | undefined): unknown[] {
  const [first] = Object.values(content ?? {});
  if (first?.example !== undefined) return [first.example];
  return Object.values(first?.examples ?? {}).map((each) => each.value);
}

/** An answer that many operations have is written once. */
function shared(spec: Spec, response: Response): Response {
  const name = response.$ref?.split("/").at(-1);
  return name ? (spec.components?.responses?.[name] ?? {}) : response;
}

function toOperation(spec: Spec, path: string, method: string, raw: RawOperation): Operation {
  return {
    id: `${method}${path.replace(/[^a-z0-9]+/gi, "-")}`.replace(/-$/, ""),
    tag: raw.tags?.[0] ?? path.split("/")[2] ?? "",
    method,
    path,
    summary: raw.summary ?? "",
    description: raw.description ?? "",
    parameters: raw.parameters ?? [],
    body: firstSchema(raw.requestBody?.content),
    bodyExample: examplesOf(raw.requestBody?.content)[0],
    secured: (raw.security?.length ?? 0) > 0,
    answers: Object.entries(raw.responses ?? {}).map(([status, response]) => {
      const answer = shared(spec, response);
      return {
        status,
        description: answer.description ?? "",
        schema: firstSchema(answer.content),
        examples: examplesOf(answer.content),
      };
    }),
  };
}

/** The operations by tag, in the order in which the file names the tags. */
export function operationsByTag(spec: Spec): Map<string, Operation[]> {
  const tags = new Map<string, Operation[]>((spec.tags ?? []).map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const method of METHODS) {
      const raw = item[method];
      if (!raw) continue;
      const operation = toOperation(spec, path, method, raw);
      tags.set(operation.tag, [...(tags.get(operation.tag) ?? []), operation]);
    }
  }
  for (const [tag, operations] of tags) if (operations.length === 0) tags.delete(tag);
  return tags;
}

/** Follows references and joins the parts of `allOf`; `null` beside one other shape is dropped. */
export function resolve(spec: Spec, schema: Schema): Schema & { nullable?: boolean } {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    const target = spec.components?.schemas?.[name];
    return target ? { ...resolve(spec, target), ...(schema.description ? { description: schema.description } : {}) } : {};
  }
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) {
    const real = choices.filter((each) => each.type !== "null");
    const [only] = real;
    const description = schema.description ? { description: schema.description } : {};
    if (real.length === 1 && only) return { ...resolve(spec, only), nullable: real.length < choices.length, ...description };
    return schema;
  }
  if (schema.allOf) {
    const parts = schema.allOf.map((each) => resolve(spec, each));
    return {
      ...schema,
      type: "object",
      properties: Object.assign({}, ...parts.map((part) => part.properties)) as Record<string, Schema>,
      required: parts.flatMap((part) => part.required ?? []),
    };
  }
  return schema;
}

/** A type in one word, such as `string`, `integer | null` or `array of Message`. */
export function typeName(spec: Spec, schema: Schema): string {
  const full = resolve(spec, schema);
  const types = (Array.isArray(full.type) ? full.type : [full.type ?? (full.properties ? "object" : "any")]).filter((each) => each !== "null");
  const nullable = full.nullable || (Array.isArray(full.type) && full.type.includes("null"));
  const named = schema.$ref?.split("/").at(-1);
  const word = types[0] === "array" && full.items ? `array of ${typeName(spec, full.items)}` : full.enum ? "string" : (named ?? types.join(" | "));
  return nullable ? `${word} | null` : word;
}
