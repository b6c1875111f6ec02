// The audit log: who did what and when, newest first.
import { useSearch } from "@tanstack/react-router";
import { Bot, Cpu, ScrollText } from "lucide-react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import type { AuditEntry } from "@/api/objects";
import { Avatar } from "@/parts/avatar";
import { Loaded } from "@/parts/loaded";
import { More } from "@/parts/more";
import { Page, Rows } from "@/parts/page";
import { Blank, Denied } from "@/parts/states";
import { Moment } from "@/parts/time";
import { useMay, useMe } from "@/sign-in/account";
import { AuditDetail } from "./audit-detail";
import { AuditFilterBar } from "./audit-filter";
import { type AuditFilter, auditQuery, isFiltered } from "./audit-search";
import { SettingsTabs } from "./tabs";

const PAGE = 50;

function useAudit(filter: AuditFilter, enabled: boolean) {
  const query = api.useInfiniteQuery(
    "get",
    "/v1/audit",
    { params: { query: { limit: PAGE, ...auditQuery(filter) } } },
    { initialPageParam: null, getNextPageParam: (last) => last.next_cursor, enabled, staleTime: 0 },
  );
  return { ...query, data: query.data?.pages.flatMap((page) => page.data) };
}

function Sign({ entry }: { entry: AuditEntry }) {
  if (entry.actor_kind === "user" || entry.actor_kind === "operator") return <Avatar name={entry.actor_name ?? ""} id={entry.actor_id ?? ""} />;
  const Icon = entry.actor_kind === "api_key" ? Bot : Cpu;
  return (
    <span aria-hidden="true" className="grid size-10 shrink-0 place-items-center rounded-full bg-sunken text-soft">
      <Icon size={18} />
    </span>
  );
}

function EntryRow({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation();
  return (
    <li data-entry={entry.id} className="flex min-h-14 items-center gap-3 px-4 py-2">
      <Sign entry={entry} />
      <div className="min-w-0 grow">
        <p className="break-words">
          <span className="font-medium">
            <bdi>{entry.actor_name ?? t(`audit.actor_${entry.actor_kind}`)}</bdi>
          </span>{" "}
          {t(`audit.did_${entry.action.replace(".", "_") as "member_invited"}`)}
        </p>
        <p className="text-sm break-words text-soft">
          <AuditDetail entry={entry} />
        </p>
      </div>
      <span className="shrink-0 text-end text-sm text-soft">
        <Moment at={entry.at} />
        {entry.address && (
          <bdi dir="ltr" className="hidden text-[12px] sm:block">
            {entry.address}
          </bdi>
        )}
      </span>
    </li>
  );
}

export function AuditPage() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const may = useMay("audit:read");
  const filter = useSearch({ from: "/frame/settings/audit" });
  const query = useAudit(filter, may);
  if (me && !may) return <Denied heading="h1" />;
  return (
    <Page title={t("audit.title")} intro={t("audit.intro")} tabs={<SettingsTabs />}>
      <AuditFilterBar />
      <Loaded query={query}>
        {(entries) =>
          entries.length === 0 ? (
            <Blank icon={ScrollText} title={isFiltered(filter) ? t("audit.none") : t("audit.empty")} />
          ) : (
            <>
              <Rows label={t("audit.title")}>
                {entries.map((entry) => (
                  <EntryRow key={entry.id} entry={entry} />
                ))}
              </Rows>
              <More query={query} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
