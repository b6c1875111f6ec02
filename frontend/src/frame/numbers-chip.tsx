// The state of all numbers in three words, and the way to them.
import { Link } from "@tanstack/react-router";
import { CircleCheck, Plus, TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useSessions } from "@/numbers/sessions";
import { needsAttention } from "@/numbers/state-look";

export function NumbersChip() {
  const { t } = useTranslation();
  const { data } = useSessions();
  if (!data) return null;
  const attention = data.filter((each) => needsAttention(each.state)).length;
  const connected = data.filter((each) => each.state === "connected").length;
  const look = attention > 0 ? "bg-attention-soft text-attention" : connected > 0 ? "bg-ok-soft text-ok" : "bg-accent-soft text-accent";
  const Icon = attention > 0 ? TriangleAlert : connected > 0 ? CircleCheck : Plus;
  const text =
    attention > 0 ? t("chip.attention", { count: attention }) : connected > 0 ? t("chip.connected", { count: connected }) : t("chip.none");
  return (
    <Link to="/numbers" className={`flex min-h-8 items-center gap-2 rounded-full px-2.5 sm:px-3 text-sm font-medium whitespace-nowrap ${look}`}>
      <Icon size={15} aria-hidden="true" />
      <span className="sr-only sm:not-sr-only">{text}</span>
      <span aria-hidden="true" className="sm:hidden">
        {attention || connected || ""}
      </span>
    </Link>
  );
}
