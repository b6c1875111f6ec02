// One shard: its state, its loads, and its businesses as tiles.
import { CircleCheck, CircleX, Hourglass, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Shard, Tenant } from "@/api/objects";
import { useFormats } from "@/words/formats";
import { LoadBar } from "./load-bar";
import { shardOf } from "./shards";

const STATES: Record<Shard["state"], { icon: LucideIcon; tone: string }> = {
  live: { icon: CircleCheck, tone: "bg-ok-soft text-ok" },
  draining: { icon: Hourglass, tone: "bg-attention-soft text-attention" },
  lost: { icon: CircleX, tone: "bg-danger-soft text-danger" },
};

const MIB = 1_048_576;

function State({ state }: { state: Shard["state"] }) {
  const { t } = useTranslation();
  const { icon: Icon, tone } = STATES[state];
  return (
    <span data-shard-state={state} className={`inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-sm font-medium ${tone}`}>
      <Icon size={14} aria-hidden="true" />
      {t(`shards.state_${state}`)}
    </span>
  );
}

/** What a full bar means where there is no limit: the most that any shard has. */
export interface Most {
  memory: number;
  rate: number;
}

function Loads({ shard, most }: { shard: Shard; most: Most }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const rate = Math.round(shard.messages_per_s * 10) / 10;
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-3">
      <LoadBar
        label={t("shards.sessions")}
        value={t("shards.of", { used: formats.number(shard.sessions), most: formats.number(shard.capacity) })}
        part={shard.sessions / Math.max(shard.capacity, 1)}
      />
      <LoadBar label={t("shards.cpu")} value={`${formats.number(Math.round(shard.cpu * 100))} %`} part={shard.cpu} />
      <LoadBar label={t("shards.memory")} value={`${formats.number(Math.round(shard.rss_bytes / MIB))} MiB`} part={(shard.rss_bytes / most.memory) * 0.89} />
      <LoadBar label={t("shards.messages")} value={formats.number(rate)} part={(shard.messages_per_s / most.rate) * 0.89} />
    </dl>
  );
}

function Tile({ tenant, action }: { tenant: Tenant; action: ReactNode }) {
  const { t } = useTranslation();
  const isAway = tenant.shard && shardOf(tenant) !== tenant.shard;
  return (
    <li data-tile={tenant.id} className="flex min-h-10 items-center gap-2 rounded-card border border-line bg-surface py-1.5 ps-3 pe-1">
      <span className="min-w-0 grow">
        <span className="block truncate">
          <bdi>{tenant.name}</bdi>
        </span>
        <span className="block text-[12px] text-soft">
          {[t("tenants.numbers", { count: tenant.sessions }), ...(isAway ? [t("shards.belongs", { n: tenant.shard })] : [])].join(" · ")}
        </span>
      </span>
      {action}
    </li>
  );
}

interface TilesProps {
  label: string;
  tenants: readonly Tenant[];
  /** There are businesses beyond those that are shown. */
  isPart: boolean;
  action(tenant: Tenant): ReactNode;
}

export function Tiles({ label, tenants, isPart, action }: TilesProps) {
  const { t } = useTranslation();
  if (tenants.length === 0) return <p className="text-sm text-soft">{t(isPart ? "shards.none_shown" : "shards.no_businesses")}</p>;
  return (
    <ul aria-label={label} className="grid max-h-96 auto-rows-max grid-cols-[minmax(0,1fr)] gap-2 overflow-y-auto">
      {tenants.map((tenant) => (
        <Tile key={tenant.id} tenant={tenant} action={action(tenant)} />
      ))}
    </ul>
  );
}

interface Props {
  shard: Shard;
  most: Most;
  tenants: readonly Tenant[];
  /** There are businesses beyond those that are shown. */
  isPart: boolean;
  /** Beside the name: what can be done with the shard. */
  menu: ReactNode;
  /** Below the name: what is being done with it. */
  progress: ReactNode;
  action(tenant: Tenant): ReactNode;
}

export function ShardColumn({ shard, most, tenants, isPart, menu, progress, action }: Props) {
  const { t } = useTranslation();
  const formats = useFormats();
  const name = t("tenants.on_shard", { n: shard.number });
  return (
    <section data-shard={shard.number} aria-label={name} className="grid grid-cols-[minmax(0,1fr)] content-start gap-4 rounded-2xl border border-line bg-raised p-4">
      <div className="flex items-center gap-2">
        <div className="min-w-0 grow">
          <h2 className="text-lg font-semibold">{name}</h2>
          <p className="text-sm text-soft">{t("shards.seen", { n: formats.number(Math.round(shard.lease_age_ms / 1_000)) })}</p>
        </div>
        <State state={shard.state} />
        {menu}
      </div>
      {progress}
      <Loads shard={shard} most={most} />
      <Tiles label={t("shards.businesses_on", { shard: name })} tenants={tenants} isPart={isPart} action={action} />
    </section>
  );
}
