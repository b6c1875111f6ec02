// One sentence for a problem, in the reader's language: our own words for what anybody can
// meet, the API's reasons for the rest, and its detail when nothing else is known.
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { useReasons } from "@/api/reasons";

const OWN = [
  "unreachable",
  "internal",
  "too_many_requests",
  "shard_unavailable",
  "unavailable",
  "not_found",
  "conflict",
  "email_taken",
  "forbidden",
  "quota_exceeded",
] as const;

type Own = (typeof OWN)[number];

function isOwn(code: string): code is Own {
  return (OWN as readonly string[]).includes(code);
}

export function useProblemText(): (error: unknown) => string {
  const { t } = useTranslation();
  const reasons = useReasons();
  return (error) => {
    const { code, detail } = asProblem(error);
    if (isOwn(code)) return t(`problem.${code}`);
    if (code === "invalid_request") return t("problem.invalid_request", { detail });
    const reason = reasons(code);
    if (reason) return [reason.sentence, reason.nextStep].filter(Boolean).join(" ");
    return t("problem.other", { detail: detail || code });
  };
}
