// A state as icon and word.
import { useTranslation } from "react-i18next";
import type { SessionState } from "@/api/objects";
import { lookOf } from "./state-look";

export function StateChip({ state }: { state: SessionState }) {
  const { t } = useTranslation();
  const { icon: Icon, tone } = lookOf(state);
  return (
    <span data-state={state} className={`inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-sm font-medium ${tone}`}>
      <Icon size={14} aria-hidden="true" />
      {t(`state.${state}`)}
    </span>
  );
}
