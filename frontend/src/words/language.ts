// The languages: which there are, how one is chosen and kept, and what follows from it.
import i18next from "i18next";
import { initReactI18next } from "react-i18next";

export const LANGUAGES = ["en", "he"] as const;
export type Language = (typeof LANGUAGES)[number];

const KEPT = "sy-language";
const load = {
  en: () => import("./en.json"),
  he: () => import("./he.json"),
} satisfies Record<Language, () => Promise<unknown>>;

export function isLanguage(value: string | null | undefined): value is Language {
  return value === "en" || value === "he";
}

export function directionOf(language: Language): "ltr" | "rtl" {
  return language === "he" ? "rtl" : "ltr";
}

/** The language that the first-paint script put on the root. */
export function currentLanguage(): Language {
  const lang = document.documentElement.lang;
  return isLanguage(lang) ? lang : "en";
}

async function bring(language: Language): Promise<void> {
  const words = await load[language]();
  i18next.addResourceBundle(language, "translation", words.default, true, true);
}

/** Prepares the words of the current language; call once before the first render. */
export async function startWords(): Promise<void> {
  const language = currentLanguage();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await bring(language);
  await i18next.changeLanguage(language);
}

/** Changes language and direction of the whole page, and keeps the choice. */
export async function chooseLanguage(language: Language): Promise<void> {
  await bring(language);
  localStorage.setItem(KEPT, language);
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
  await i18next.changeLanguage(language);
}
