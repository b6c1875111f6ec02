// The first thing that a new business sees: how a number is connected, in three steps.
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { Mark } from "@/parts/mark";

export function FirstNumber({ onStart }: { onStart: (() => void) | null }) {
  const { t } = useTranslation();
  const steps = [t("numbers.first_1"), t("numbers.first_2"), t("numbers.first_3")];
  return (
    <section className="mx-auto grid w-full max-w-xl gap-6 pt-8 sm:pt-16">
      <div className="grid gap-3">
        <Mark size={44} />
        <h1 className="text-2xl font-semibold">{t("numbers.first_title")}</h1>
        <p className="text-lg text-soft">{t("numbers.first_intro")}</p>
      </div>
      <ol className="grid divide-y divide-line rounded-2xl border border-line bg-raised">
        {steps.map((step, index) => (
          <li key={step} className="flex items-center gap-4 p-4">
            <span aria-hidden="true" className="grid size-8 shrink-0 place-items-center rounded-full bg-accent-soft font-semibold text-accent">
              {index + 1}
            </span>
            <span className="text-lg">{step}</span>
          </li>
        ))}
      </ol>
      {onStart ? (
        <Button look="primary" className="justify-self-start" onClick={onStart}>
          {t("numbers.add")}
        </Button>
      ) : (
        <p className="text-soft">{t("numbers.ask_owner")}</p>
      )}
    </section>
  );
}
