// The parts of the settings, as far as this person may see them.
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { TAB, TAB_ACTIVE } from "@/parts/tab";
import { useMay } from "@/sign-in/account";

export function SettingsTabs() {
  const { t } = useTranslation();
  const members = useMay("members:manage");
  const audit = useMay("audit:read");
  if (!members && !audit) return null;
  return (
    <nav aria-label={t("settings.parts")} className="flex gap-1 overflow-x-auto border-b border-line">
      <Link to="/settings" activeOptions={{ exact: true }} className={TAB} activeProps={TAB_ACTIVE}>
        {t("settings.business")}
      </Link>
      {members && (
        <Link to="/settings/members" className={TAB} activeProps={TAB_ACTIVE}>
          {t("members.title")}
        </Link>
      )}
      {audit && (
        <Link to="/settings/audit" className={TAB} activeProps={TAB_ACTIVE}>
          {t("audit.title")}
        </Link>
      )}
    </nav>
  );
}
