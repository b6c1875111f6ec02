// The look of the pages before sign-in: the mark, one card, and the language.
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Mark } from "@/parts/mark";
import { LANGUAGES, chooseLanguage, currentLanguage } from "@/words/language";
import { LANGUAGE_NAMES } from "@/words/names";

function Languages() {
  const { t } = useTranslation();
  const current = currentLanguage();
  return (
    <nav aria-label={t("account.language")} className="flex justify-center gap-1">
      {LANGUAGES.map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={language === current}
          onClick={() => void chooseLanguage(language)}
          className="min-h-9 rounded-card px-3 text-soft hover:bg-sunken aria-pressed:font-semibold aria-pressed:text-ink"
        >
          {LANGUAGE_NAMES[language]}
        </button>
      ))}
    </nav>
  );
}

export function Door({ title, intro, children }: { title: string; intro?: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className="grid min-h-full grid-rows-[1fr_auto] gap-4 p-4">
      <main className="mx-auto grid w-full max-w-sm content-center gap-6">
        <div className="grid justify-items-center gap-2 text-center">
          <Mark size={52} />
          <p className="text-lg font-semibold">{t("app.name")}</p>
          <p className="text-soft">{t("app.tagline")}</p>
        </div>
        <section className="grid gap-5 rounded-2xl border border-line bg-raised p-6">
          <div className="grid gap-1">
            <h1 className="text-xl font-semibold">{title}</h1>
            {intro && <p className="text-soft">{intro}</p>}
          </div>
          {children}
        </section>
      </main>
      <Languages />
    </div>
  );
}
