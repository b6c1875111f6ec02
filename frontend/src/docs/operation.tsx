// One operation: what it does, what it takes, what it answers, and a command to try it.
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { FieldTable, SchemaTable } from "./fields";
import { Prose } from "./prose";
import { curlOf } from "./sample";
import { type Operation, type Spec, typeName } from "./spec";

const TONES: Record<string, string> = {
  get: "bg-accent-soft text-accent",
  post: "bg-ok-soft text-ok",
  delete: "bg-danger-soft text-danger",
};

export function Method({ method }: { method: string }) {
  return (
    <span className={`rounded-md px-2 py-0.5 text-sm font-semibold uppercase ${TONES[method] ?? "bg-attention-soft text-attention"}`}>{method}</span>
  );
}

function Code({ text }: { text: string }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls must be reachable by keyboard
    <pre dir="ltr" tabIndex={0} className="overflow-x-auto rounded-card border border-line bg-sunken p-3 text-sm">
      <code>{text}</code>
    </pre>
  );
}

function Sample({ text }: { text: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-2">
      <div className="flex items-center justify-between">
        <h4 className="font-medium text-soft">{t("docs.example")}</h4>
        <Button small onClick={() => void copy()}>
          {copied ? <Check size={14} aria-hidden="true" /> : <Copy size={14} aria-hidden="true" />}
          {copied ? t("docs.copied") : t("docs.copy")}
        </Button>
      </div>
      <Code text={text} />
    </div>
  );
}

export function OperationCard({ spec, operation }: { spec: Spec; operation: Operation }) {
  const { t } = useTranslation();
  const parameters = operation.parameters.map((each) => ({
    name: each.name,
    type: `${each.schema ? typeName(spec, each.schema) : "string"} (${each.in})`,
    required: each.required ?? false,
    description: each.description ?? "",
    values: [],
  }));
  return (
    <article id={operation.id} className="grid scroll-mt-4 grid-cols-[minmax(0,1fr)] gap-4 rounded-2xl border border-line bg-raised p-5">
      <header className="grid gap-2">
        <h3 dir="ltr" className="flex flex-wrap items-center gap-3">
          <Method method={operation.method} />
          <code className="text-lg font-semibold break-all">{operation.path}</code>
        </h3>
        <p lang="en" dir="ltr">
          <Prose text={operation.summary} />
        </p>
        {operation.description && operation.description !== operation.summary && (
          <p lang="en" dir="ltr" className="whitespace-pre-line text-soft">
            <Prose text={operation.description} />
          </p>
        )}
      </header>
      <FieldTable title={t("docs.parameters")} rows={parameters} />
      {operation.body && <SchemaTable spec={spec} schema={operation.body} title={t("docs.body")} />}
      {operation.answers.map((answer) => (
        <details key={answer.status} className="rounded-card border border-line p-3 [&>pre]:mt-3">
          <summary className="cursor-pointer">
            <bdi dir="ltr" className="font-semibold">
              {answer.status}
            </bdi>{" "}
            <span lang="en" className="text-soft">
              <bdi>
                <Prose text={answer.description} />
              </bdi>
            </span>
          </summary>
          {answer.schema && (
            <div className="mt-3">
              <SchemaTable spec={spec} schema={answer.schema} title={t("docs.fields")} />
            </div>
          )}
          {answer.examples.map((example, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- the list never changes
            <Code key={index} text={typeof example === "string" ? example : JSON.stringify(example, null, 2)} />
          ))}
        </details>
      ))}
      <Sample text={curlOf(operation, location.origin)} />
    </article>
  );
}
