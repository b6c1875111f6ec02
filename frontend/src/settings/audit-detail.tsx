// What changed by an act: from what to what, in one line.
import { ArrowRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { AuditEntry } from "@/api/objects";

type Detail = Record<string, unknown>;

function isDetail(value: unknown): value is Detail {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value in words: roles by their names, lists with commas, nothing as a dash. */
function useShown(): (value: unknown) => string {
  const { t } = useTranslation();
  const shown = (value: unknown): string => {
    if (value === null || value === undefined || value === "") return "–";
    if (value === "agent" || value === "admin" || value === "owner") return t(`role.${value}`);
    if (Array.isArray(value)) return value.map(shown).join(", ");
    if (isDetail(value)) return Object.entries(value).map(([key, each]) => `${key} ${shown(each)}`).join(", ");
    return String(value);
  };
  return shown;
}

export function AuditDetail({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  const shown = useShown();
  const detail: Detail = isDetail(entry.detail) ? entry.detail : {};
  if ("before" in detail && "after" in detail) {
    return (
      <>
        <bdi>{shown(detail["before"])}</bdi>
        <ArrowRight size={13} aria-hidden="true" className="mx-1 inline rtl:-scale-x-100" />
        <span className="sr-only">{t("audit.becomes")}</span>
        <bdi>{shown(detail["after"])}</bdi>
      </>
    );
  }
  if (entry.action.startsWith("queue.")) return <bdi dir="ltr">{entry.target}</bdi>;
  const parts = ["name", "email", "role", "scopes", "count"].filter((key) => key in detail).map((key) => shown(detail[key]));
  return parts.length > 0 ? <bdi>{parts.join(" · ")}</bdi> : null;
}
