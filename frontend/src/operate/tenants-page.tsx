// The businesses of the platform: made, limited, suspended, and where their numbers live.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Ban, Building2, EllipsisVertical, Play, Plus, SlidersHorizontal } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Tenant } from "@/api/objects";
import { Avatar } from "@/parts/avatar";
import { Button, IconButton } from "@/parts/button";
import { Loaded } from "@/parts/loaded";
import { Menu, MenuItem } from "@/parts/menu";
import { More } from "@/parts/more";
import { Page, Rows } from "@/parts/page";
import { Blank, Denied } from "@/parts/states";
import { useMay, useMe } from "@/sign-in/account";
import { useFormats } from "@/words/formats";
import { TenantSearch } from "./tenant-search";
import { ChangeTenantSheet, NewTenantSheet, SuspendSheet } from "./tenant-sheets";
import { useTenants } from "./tenants";

const ICON = { size: 16, "aria-hidden": true } as const;

function Facts({ tenant }: { tenant: Tenant }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { sessions, messages_per_day: messages, concurrent_calls: calls } = tenant.limits;
  const numbers =
    sessions === null || sessions === undefined
      ? t("tenants.numbers", { count: tenant.sessions })
      : t("tenants.numbers_of", { used: formats.number(tenant.sessions), limit: formats.number(sessions) });
  const facts = [
    numbers,
    t("tenants.people", { count: tenant.members }),
    ...(messages === null || messages === undefined ? [] : [t("tenants.a_day", { n: formats.number(messages) })]),
    ...(calls === null || calls === undefined ? [] : [t("tenants.calls_of", { n: formats.number(calls) })]),
  ];
  return <p className="text-sm text-soft">{facts.join(" · ")}</p>;
}

function TenantRow({ tenant, isOwn }: { tenant: Tenant; isOwn: boolean }) {
  const { t } = useTranslation();
  const [ask, setAsk] = useState<"change" | "suspend" | null>(null);
  const close = () => setAsk(null);
  const suspended = tenant.status === "suspended";
  return (
    <li data-tenant={tenant.id} className="flex min-h-16 items-center gap-3 px-4 py-2">
      <Avatar name={tenant.name} id={tenant.id} />
      <div className="min-w-0 grow">
        <p className="truncate font-medium">
          <bdi>{tenant.name}</bdi>
        </p>
        <Facts tenant={tenant} />
      </div>
      {suspended && (
        <span className="inline-flex items-center gap-1.5 rounded-full bg-attention-soft px-2.5 py-0.5 text-sm font-medium text-attention">
          <Ban size={14} aria-hidden="true" />
          {t("tenants.suspended")}
        </span>
      )}
      <span className="hidden rounded-full bg-sunken px-2.5 py-0.5 text-sm sm:inline">
        {tenant.shard ? t("tenants.on_shard", { n: tenant.shard }) : t("tenants.no_shard")}
      </span>
      <Menu
        trigger={
          <IconButton name={t("common.actions", { name: tenant.name })}>
            <EllipsisVertical size={20} aria-hidden="true" />
          </IconButton>
        }
      >
        <MenuItem icon={<SlidersHorizontal {...ICON} />} onSelect={() => setAsk("change")}>
          {t("tenants.change")}
        </MenuItem>
        {!isOwn && (
          <MenuItem danger={!suspended} icon={suspended ? <Play {...ICON} /> : <Ban {...ICON} />} onSelect={() => setAsk("suspend")}>
            {suspended ? t("tenants.resume") : t("tenants.suspend")}
          </MenuItem>
        )}
      </Menu>
      {ask === "change" && <ChangeTenantSheet tenant={tenant} onClose={close} />}
      {ask === "suspend" && <SuspendSheet tenant={tenant} onClose={close} />}
    </li>
  );
}

export function TenantsPage() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const may = useMay("platform:operate");
  const { q = "" } = useSearch({ from: "/frame/businesses" });
  const query = useTenants(q, may);
  const navigate = useNavigate();
  const [making, setMaking] = useState(false);
  if (me && !may) return <Denied heading="h1" />;
  return (
    <Page
      title={t("tenants.title")}
      intro={t("tenants.intro")}
      action={
        <Button look="primary" onClick={() => setMaking(true)}>
          <Plus size={18} aria-hidden="true" />
          {t("tenants.new")}
        </Button>
      }
    >
      <TenantSearch key={q} q={q} onFind={(text) => void navigate({ to: "/businesses", search: text ? { q: text } : {}, replace: true })} />
      <Loaded query={query}>
        {(tenants) =>
          tenants.length === 0 ? (
            <Blank icon={Building2} title={t("tenants.none")} />
          ) : (
            <>
              <Rows label={t("tenants.title")}>
                {tenants.map((tenant) => (
                  <TenantRow key={tenant.id} tenant={tenant} isOwn={tenant.id === me?.business?.id} />
                ))}
              </Rows>
              <More query={query} />
            </>
          )
        }
      </Loaded>
      {making && <NewTenantSheet onClose={() => setMaking(false)} />}
    </Page>
  );
}
