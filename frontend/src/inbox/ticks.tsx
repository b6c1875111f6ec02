// How far an outbound message got: an icon, and its word for those who cannot see or tell it.
import { Check, CheckCheck, CircleAlert, Clock, type LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { MessageStatus } from "@/api/objects";

const ICONS: Record<MessageStatus, LucideIcon> = {
  queued: Clock,
  sending: Clock,
  sent: Check,
  delivered: CheckCheck,
  read: CheckCheck,
  received: Check,
  failed: CircleAlert,
};

export function Ticks({ status, word = false }: { status: MessageStatus; word?: boolean }) {
  const { t } = useTranslation();
  const Icon = ICONS[status];
  const tone = status === "failed" ? "text-danger" : status === "read" ? "text-accent" : "";
  const text = t(`inbox.status_${status}`);
  return (
    <span data-status={status} title={text} className={`inline-flex shrink-0 items-center gap-1 ${tone}`}>
      <Icon size={15} aria-hidden="true" strokeWidth={status === "read" ? 2.75 : 2} />
      <span className={word ? "" : "sr-only"}>{text}</span>
    </span>
  );
}
