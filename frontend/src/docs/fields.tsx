// The fields of a schema as a table; objects inside it follow indented.
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { Prose } from "./prose";
import { type Schema, type Spec, resolve, typeName } from "./spec";

const DEEPEST = 3;

export interface FieldRow {
  name: string;
  type: string;
  required: boolean;
  description: string;
  values: string[];
}

function rowsOf(spec: Spec, schema: Schema, prefix = "", depth = 0): FieldRow[] {
  const full = resolve(spec, schema);
  if (full.items && !full.properties) return rowsOf(spec, full.items, `${prefix}[].`.replace("..", "."), depth);
  return Object.entries(full.properties ?? {}).flatMap(([name, field]) => {
    const inner = resolve(spec, field);
    const own = {
      name: prefix + name,
      type: typeName(spec, field),
      required: full.required?.includes(name) ?? false,
      description: field.description ?? inner.description ?? "",
      values: (inner.enum ?? []).map(String),
    };
    const deeper = depth < DEEPEST && (inner.properties ?? inner.items);
    return [own].concat(deeper ? rowsOf(spec, inner, `${prefix}${name}${inner.items ? "[]" : ""}.`, depth + 1) : []);
  });
}

export function FieldTable({ title, rows }: { title: string; rows: FieldRow[] }) {
  const { t } = useTranslation();
  if (rows.length === 0) return null;
  return (
    <div className="grid gap-2">
      <h4 className="font-medium text-soft">{title}</h4>
      <dl lang="en" dir="ltr" className="grid gap-x-4 gap-y-2 border-t border-line pt-2 text-sm sm:grid-cols-[minmax(10rem,auto)_1fr]">
        {rows.map((row) => (
          <Fragment key={row.name}>
            <dt>
              <code className="font-medium break-all">{row.name}</code>{" "}
              <span className="text-soft">
                {row.type}
                {row.required ? ` · ${t("docs.required")}` : ""}
              </span>
            </dt>
            <dd className="mb-1 text-soft">
              <Prose text={row.description} />
              {row.values.length > 0 && <code className="block break-words text-ink">{row.values.join(" · ")}</code>}
            </dd>
          </Fragment>
        ))}
      </dl>
    </div>
  );
}

export function SchemaTable({ spec, schema, title }: { spec: Spec; schema: Schema; title: string }) {
  return <FieldTable title={title} rows={rowsOf(spec, schema)} />;
}
