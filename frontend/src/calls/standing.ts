// How a call stands, in a sentence and with what to do next: until when it waits and why, or why it ended so.
import { useTranslation } from "react-i18next";
import type { Call, CallState } from "@/api/objects";
import { useReasons } from "@/api/reasons";
import { useFormats } from "@/words/formats";

export interface Standing {
  sentence: string;
  next: string | null;
}

/** Ends of outgoing calls whose state says all that is known. */
const ENDS = ["failed", "busy", "no_answer", "canceled"] as const satisfies readonly CallState[];

export function useStanding(): (call: Call) => Standing | null {
  const { t } = useTranslation();
  const formats = useFormats();
  const reasons = useReasons();
  return (call) => {
    if (call.waits_until) {
      const why = reasons(call.waits_for)?.sentence;
      return {
        sentence: t("calls.waits", { at: formats.time(new Date(call.waits_until)) }),
        next: why ? t("calls.waits_why", { why }) : t("calls.waits_next"),
      };
    }
    const reason = reasons(call.reason);
    if (reason) return { sentence: reason.sentence, next: reason.nextStep };
    const end = call.direction === "outbound" ? ENDS.find((each) => each === call.state) : undefined;
    return end ? { sentence: t(`calls.end_${end}`), next: t(`calls.end_${end}_next`) } : null;
  };
}
