// The sentences for every code, as the API tells them, in the reader's language.
import { useTranslation } from "react-i18next";
import { isLanguage } from "@/words/language";
import { api } from "./client";

export interface ReasonText {
  sentence: string;
  nextStep: string | null;
}

/** A look-up from code to words; null for an unknown code, or while they load. */
export function useReasons(): (code: string | null | undefined) => ReasonText | null {
  const { i18n } = useTranslation();
  const { data } = api.useQuery("get", "/v1/reasons", undefined, { staleTime: Infinity, gcTime: Infinity });
  const language = isLanguage(i18n.language) ? i18n.language : "en";
  return (code) => {
    const reason = code ? data?.data.find((each) => each.code === code) : undefined;
    if (!reason) return null;
    return { sentence: reason.sentence[language], nextStep: reason.next_step?.[language] || null };
  };
}
