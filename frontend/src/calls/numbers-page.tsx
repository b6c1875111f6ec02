// The phone numbers that take calls: adding one, and taking one off.
import { PhoneForwarded, Plus, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CallNumber } from "@/api/objects";
import { asProblem } from "@/api/problem";
import { Button, IconButton } from "@/parts/button";
import { Confirm } from "@/parts/confirm";
import { CopyButton } from "@/parts/copy";
import { Sheet } from "@/parts/dialog";
import { Field } from "@/parts/field";
import { FormButtons } from "@/parts/form-buttons";
import { Loaded } from "@/parts/loaded";
import { Page, Rows } from "@/parts/page";
import { ProblemNote } from "@/parts/problem-note";
import { Blank, Denied } from "@/parts/states";
import { OnDate, Phone } from "@/parts/time";
import { say } from "@/parts/toast";
import { useMay, useMe } from "@/sign-in/account";
import { useAddNumber, useCallNumbers, useRemoveNumber } from "./calls";
import { CallTabs } from "./tabs";

const NAME_MAX = 100;
const WORDS = { number_taken: "taken", number_rung: "rung", invalid_phone: "bad_phone" } as const;

function useWords(error: unknown): string | undefined {
  const { t } = useTranslation();
  const code = asProblem(error).code;
  const word = Object.entries(WORDS).find(([each]) => each === code)?.[1];
  return word && t(`call_numbers.${word}`);
}

function AddSheet({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const add = useAddNumber();
  const words = useWords(add.error);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const of = (name: string) => String(form.get(name) ?? "").trim();
    add.mutate({ phone: of("phone"), name: of("name") }, { onSuccess: onClose });
  };
  return (
    <Sheet title={t("call_numbers.add")} description={t("call_numbers.add_intro")} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {add.isError && <ProblemNote error={add.error} text={words} />}
        <Field label={t("call_numbers.phone")} name="phone" type="tel" dir="ltr" placeholder="+97231234567" maxLength={24} autoComplete="off" required />
        <Field label={t("call_numbers.name")} name="name" dir="auto" maxLength={NAME_MAX} autoComplete="off" required />
        <FormButtons action={t("call_numbers.add")} busy={add.isPending} onClose={onClose} />
      </form>
    </Sheet>
  );
}

function RemoveAsk({ number, onClose }: { number: CallNumber; onClose(): void }) {
  const { t } = useTranslation();
  const remove = useRemoveNumber();
  const done = () => {
    say(t("call_numbers.removed"));
    onClose();
  };
  return (
    <Confirm
      dangerous
      title={t("call_numbers.remove_title", { name: number.name })}
      body={t("call_numbers.remove_body")}
      action={t("call_numbers.remove")}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(number.id, { onSuccess: done })}
      onClose={onClose}
    />
  );
}

/** What is set for a number at the telephone company, for whoever does that. */
function Webhooks({ of }: { of: CallNumber }) {
  const { t } = useTranslation();
  const addresses = [
    [t("call_numbers.voice_url"), of.webhooks.voice],
    [t("call_numbers.fallback_url"), of.webhooks.fallback],
    [t("call_numbers.status_url"), of.webhooks.status],
  ] as const;
  return (
    <details data-webhooks>
      <summary className="cursor-pointer py-1 text-sm text-soft">{t("call_numbers.webhooks")}</summary>
      <p className="py-1 text-sm">{t("call_numbers.webhooks_intro")}</p>
      <dl className="grid gap-2 py-1 text-sm">
        {addresses.map(([label, url]) => (
          <div key={label} className="min-w-0">
            <dt className="text-soft">{label}</dt>
            <dd className="flex items-center gap-1">
              <code dir="ltr" className="min-w-0 break-all select-all">
                {url}
              </code>
              <CopyButton value={url} name={t("call_numbers.copy", { what: label })} />
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function NumberRow({ number, onRemove }: { number: CallNumber; onRemove: (() => void) | null }) {
  const { t } = useTranslation();
  return (
    <li data-call-number={number.phone} className="grid gap-1 px-4 py-2">
      <div className="flex min-h-10 items-center gap-3">
        <div className="min-w-0 grow">
          <p className="truncate font-medium">
            <bdi>{number.name}</bdi>
          </p>
          <p className="text-sm text-soft">
            <Phone value={number.phone} /> · <OnDate at={number.created_at} />
          </p>
        </div>
        {onRemove && (
          <IconButton name={t("call_numbers.remove_named", { name: number.name })} onClick={onRemove}>
            <Trash2 size={18} aria-hidden="true" />
          </IconButton>
        )}
      </div>
      {onRemove && <Webhooks of={number} />}
    </li>
  );
}

export function CallNumbersPage() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const may = useMay("calls:read");
  const mayChange = useMay("calls:write");
  const query = useCallNumbers(may);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<CallNumber | null>(null);
  if (me && !may) return <Denied heading="h1" />;
  const add = mayChange && (
    <Button look="primary" onClick={() => setAdding(true)}>
      <Plus size={18} aria-hidden="true" />
      {t("call_numbers.add")}
    </Button>
  );
  return (
    <Page title={t("call_numbers.title")} intro={t("call_numbers.intro")} tabs={<CallTabs />} action={add}>
      <Loaded query={query}>
        {(numbers) =>
          numbers.length === 0 ? (
            <Blank icon={PhoneForwarded} title={t("call_numbers.none_title")}>
              {t("call_numbers.none")}
            </Blank>
          ) : (
            <Rows label={t("call_numbers.title")}>
              {numbers.map((number) => (
                <NumberRow key={number.id} number={number} onRemove={mayChange ? () => setRemoving(number) : null} />
              ))}
            </Rows>
          )
        }
      </Loaded>
      {adding && <AddSheet onClose={() => setAdding(false)} />}
      {removing && <RemoveAsk number={removing} onClose={() => setRemoving(null)} />}
    </Page>
  );
}
