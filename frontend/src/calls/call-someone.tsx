// Calls somebody: who, from which number, and what is said to whoever answers.
import { type FormEvent, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { Sheet } from "@/parts/dialog";
import { Field } from "@/parts/field";
import { FormButtons } from "@/parts/form-buttons";
import { useOwnDirection } from "@/parts/own-direction";
import { ProblemNote } from "@/parts/problem-note";
import { useCallNumbers, usePlaceCall } from "./calls";

const TEXT_MAX = 2_000;
const WORDS = { opted_out: "opted_out", invalid_phone: "bad_phone", invalid_recipient: "bad_phone" } as const;

function useWords(error: unknown): string | undefined {
  const { t } = useTranslation();
  const code = asProblem(error).code;
  const word = Object.entries(WORDS).find(([each]) => each === code)?.[1];
  return word && t(`calls.${word}`);
}

export function CallSomeone({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const id = useId();
  const direction = useOwnDirection("");
  const { data: numbers = [] } = useCallNumbers(true);
  const place = usePlaceCall();
  const words = useWords(place.error);
  // One key for as long as the words stay the same: trying again cannot call twice.
  const last = useRef({ words: "", key: "" });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const of = (name: string) => String(form.get(name) ?? "").trim();
    const body = { to: of("to"), from: of("from") || numbers[0]?.phone, text: of("text") };
    const now = JSON.stringify(body);
    if (last.current.words !== now) last.current = { words: now, key: crypto.randomUUID() };
    place.mutate({ body, key: last.current.key }, { onSuccess: onClose });
  };
  return (
    <Sheet title={t("calls.call")} description={t("calls.call_intro")} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {place.isError && <ProblemNote error={place.error} text={words} />}
        <Field label={t("calls.to")} name="to" type="tel" dir="ltr" placeholder="+972501234567" maxLength={24} autoComplete="off" required />
        {numbers.length > 1 && (
          <div className="grid gap-1">
            <label htmlFor={`${id}-from`} className="font-medium">
              {t("calls.from")}
            </label>
            <select id={`${id}-from`} name="from" className="field">
              {numbers.map((each) => (
                <option key={each.id} value={each.phone}>
                  {each.name}
                </option>
              ))}
            </select>
          </div>
        )}
        <div className="grid gap-1">
          <label htmlFor={`${id}-text`} className="font-medium">
            {t("calls.said")}
          </label>
          <textarea id={`${id}-text`} name="text" {...direction} rows={3} maxLength={TEXT_MAX} required className="field py-2.5" />
        </div>
        <FormButtons action={t("calls.call")} busy={place.isPending} onClose={onClose} />
      </form>
    </Sheet>
  );
}
