// The two pages about queues: how they stand, and what died in them.
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { TAB, TAB_ACTIVE } from "@/parts/tab";

export function QueueTabs() {
  const { t } = useTranslation();
  return (
    <nav aria-label={t("queues.parts")} className="flex gap-1 overflow-x-auto border-b border-line">
      <Link to="/queues" activeOptions={{ exact: true, includeSearch: false }} className={TAB} activeProps={TAB_ACTIVE}>
        {t("queues.title")}
      </Link>
      <Link to="/queues/dead-letters" activeOptions={{ includeSearch: false }} className={TAB} activeProps={TAB_ACTIVE}>
        {t("letters.title")}
      </Link>
    </nav>
  );
}
