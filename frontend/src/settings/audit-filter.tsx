// What the audit log shows: whose acts, which, and of which days.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { Labelled } from "@/parts/labelled";
import { useMay } from "@/sign-in/account";
import { ACTS, type AuditFilter, auditSearch, isFiltered } from "./audit-search";
import { useMembers } from "./members";

export function AuditFilterBar() {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/frame/settings/audit" });
  const navigate = useNavigate();
  const { data: members = [] } = useMembers(useMay("members:manage"));
  const set = (change: AuditFilter) => void navigate({ to: "/settings/audit", search: auditSearch({ ...filter, ...change }), replace: true });
  return (
    <div role="search" aria-label={t("audit.filter")} className="flex flex-wrap items-end gap-3">
      <Labelled label={t("audit.by")}>
        {(id) => (
          <select id={id} className="field" value={filter.by ?? ""} onChange={(event) => set({ by: event.target.value })}>
            <option value="">{t("audit.anybody")}</option>
            {members
              .filter((member) => member.state === "active")
              .map((member) => (
                <option key={member.id} value={member.id}>
                  {member.name ?? member.email}
                </option>
              ))}
          </select>
        )}
      </Labelled>
      <Labelled label={t("audit.act")}>
        {(id) => (
          <select id={id} className="field" value={filter.act ?? ""} onChange={(event) => set({ act: ACTS.find((act) => act === event.target.value) })}>
            <option value="">{t("audit.anything")}</option>
            {ACTS.map((act) => (
              <option key={act} value={act}>
                {t(`audit.did_${act.replace(".", "_") as "member_invited"}`)}
              </option>
            ))}
          </select>
        )}
      </Labelled>
      <Labelled label={t("audit.from")}>
        {(id) => <input id={id} type="date" className="field" value={filter.from ?? ""} onChange={(event) => set({ from: event.target.value })} />}
      </Labelled>
      <Labelled label={t("audit.to")}>
        {(id) => <input id={id} type="date" className="field" value={filter.to ?? ""} onChange={(event) => set({ to: event.target.value })} />}
      </Labelled>
      {isFiltered(filter) && <Button onClick={() => set({ by: undefined, act: undefined, from: undefined, to: undefined })}>{t("audit.all")}</Button>}
    </div>
  );
}
