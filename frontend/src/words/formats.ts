// Dates, times and numbers as the reader writes them, in the reader's own time zone.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { daysAgo } from "./days";
import { currentLanguage } from "./language";

const BYTES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

function makeFormats(language: string) {
  const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const date = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  const dateYear = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
  const weekday = new Intl.DateTimeFormat(language, { weekday: "long" });
  const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const number = new Intl.NumberFormat(language);
  const bytes = BYTES.map((unit) => new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }));

  const day = (at: Date, now = new Date()): string => {
    const days = daysAgo(at, now);
    if (days < 2) return relative.format(-days, "day");
    if (days < 7) return weekday.format(at);
    return (at.getFullYear() === now.getFullYear() ? date : dateYear).format(at);
  };
  return {
    time: (at: Date) => time.format(at),
    day,
    /** The time when it was today, else the day: for lists. */
    brief: (at: Date) => (daysAgo(at, new Date()) === 0 ? time.format(at) : day(at)),
    /** The whole date: for what lies ahead. */
    date: (at: Date) => dateYear.format(at),
    full: (at: Date) => full.format(at),
    number: (value: number) => number.format(value),
    bytes: (value: number) => {
      const step = BYTES.findIndex((_unit, index) => index === BYTES.length - 1 || value < 1_000 ** (index + 1));
      return bytes[step]!.format(value / 1_000 ** step);
    },
  };
}

export type Formats = ReturnType<typeof makeFormats>;

export function useFormats(): Formats {
  const { i18n } = useTranslation();
  const language = i18n.language || currentLanguage();
  return useMemo(() => makeFormats(language), [language]);
}
