// Makes an API key: a name, what it may do, when it ends; then its secret, once.
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Sheet } from "@/parts/dialog";
import { Field } from "@/parts/field";
import { FormButtons } from "@/parts/form-buttons";
import { ProblemNote } from "@/parts/problem-note";
import { SecretSheet } from "@/parts/secret-sheet";
import { SCOPES, scopeWord, useCreateKey } from "./keys";

const NAME_MAX = 100;
const DAY_MS = 86_400_000;
const LIVES = [null, 30, 90, 365] as const;

function Scopes({ missing }: { missing: boolean }) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <fieldset className="grid gap-1" aria-describedby={missing ? id : undefined}>
      <legend className="mb-1 font-medium">{t("keys_page.scopes")}</legend>
      {SCOPES.map((scope) => (
        <label key={scope} className="flex min-h-9 cursor-pointer items-center gap-3 rounded-card px-2 hover:bg-sunken">
          <input type="checkbox" name="scope" value={scope} defaultChecked={scope.startsWith("messages")} className="size-4 accent-[var(--accent)]" />
          <span className="grow">{t(`scope.${scopeWord(scope)}`)}</span>
          <bdi dir="ltr" className="font-mono text-[12px] text-soft">
            {scope}
          </bdi>
        </label>
      ))}
      {missing && (
        <p id={id} className="text-sm text-danger">
          {t("keys_page.no_scope")}
        </p>
      )}
    </fieldset>
  );
}

export function KeySheet({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const id = useId();
  const create = useCreateKey();
  const [missing, setMissing] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const chosen = form.getAll("scope");
    const scopes = SCOPES.filter((scope) => chosen.includes(scope));
    setMissing(scopes.length === 0);
    if (scopes.length === 0) return;
    const days = Number(form.get("days"));
    const expires_at = days > 0 ? new Date(Date.now() + days * DAY_MS).toISOString() : null;
    create.mutate({ name: String(form.get("name") ?? "").trim(), scopes, expires_at });
  };
  if (create.data) {
    return <SecretSheet title={t("keys_page.made")} description={t("keys_page.made_intro")} label={create.data.name} value={create.data.secret} onClose={onClose} />;
  }
  return (
    <Sheet title={t("keys_page.create")} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {create.isError && <ProblemNote error={create.error} />}
        <Field label={t("keys_page.name")} hint={t("keys_page.name_hint")} name="name" dir="auto" maxLength={NAME_MAX} autoComplete="off" required />
        <Scopes missing={missing} />
        <div className="grid gap-1">
          <label htmlFor={id} className="font-medium">
            {t("keys_page.life")}
          </label>
          <select id={id} name="days" className="field">
            {LIVES.map((days) => (
              <option key={days ?? 0} value={days ?? 0}>
                {days === null ? t("keys_page.for_ever") : t("keys_page.days", { count: days })}
              </option>
            ))}
          </select>
        </div>
        <FormButtons action={t("keys_page.create")} busy={create.isPending} onClose={onClose} />
      </form>
    </Sheet>
  );
}
