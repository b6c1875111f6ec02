// The pages about calls: those that were and are, the numbers that take them, and what callers hear.
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { TAB, TAB_ACTIVE } from "@/parts/tab";

export function CallTabs() {
  const { t } = useTranslation();
  return (
    <nav aria-label={t("calls.parts")} className="flex gap-1 overflow-x-auto border-b border-line">
      <Link to="/calls" activeOptions={{ exact: true, includeSearch: false }} className={TAB} activeProps={TAB_ACTIVE}>
        {t("calls.title")}
      </Link>
      <Link to="/calls/numbers" className={TAB} activeProps={TAB_ACTIVE}>
        {t("call_numbers.title")}
      </Link>
      <Link to="/calls/flow" className={TAB} activeProps={TAB_ACTIVE}>
        {t("flow.title")}
      </Link>
    </nav>
  );
}
