// Where a call stands: an icon and a word.
import { CircleX, Clock3, Phone, PhoneCall, PhoneIncoming, PhoneMissed, PhoneOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { CallState } from "@/api/objects";

const LOOKS = {
  queued: { icon: Clock3, tone: "bg-sunken text-soft" },
  ringing: { icon: PhoneIncoming, tone: "bg-attention-soft text-attention" },
  in_progress: { icon: PhoneCall, tone: "bg-ok-soft text-ok" },
  completed: { icon: Phone, tone: "bg-sunken text-soft" },
  busy: { icon: PhoneOff, tone: "bg-sunken text-soft" },
  no_answer: { icon: PhoneMissed, tone: "bg-sunken text-soft" },
  failed: { icon: CircleX, tone: "bg-danger-soft text-danger" },
  canceled: { icon: PhoneOff, tone: "bg-sunken text-soft" },
} as const satisfies Record<CallState, object>;

export function isCallState(word: string): word is CallState {
  return Object.hasOwn(LOOKS, word);
}

export function CallChip({ state }: { state: CallState }) {
  const { t } = useTranslation();
  const { icon: Icon, tone } = LOOKS[state];
  return (
    <span data-call-state={state} className={`inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-sm font-medium whitespace-nowrap ${tone}`}>
      <Icon size={14} aria-hidden="true" />
      {t(`calls.state_${state}`)}
    </span>
  );
}

/** Minutes and seconds, as a clock shows them. */
export function Duration({ seconds }: { seconds: number }) {
  const minutes = Math.floor(seconds / 60);
  return (
    <bdi dir="ltr" className="tabular-nums">
      {minutes}:{String(seconds % 60).padStart(2, "0")}
    </bdi>
  );
}
