// The shard map: a column per shard with its loads, and businesses as tiles.
import { ArrowRightLeft, Server } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Shard, Tenant } from "@/api/objects";
import { Button, IconButton } from "@/parts/button";
import { Loaded } from "@/parts/loaded";
import { Page, Panel } from "@/parts/page";
import { ProblemNote } from "@/parts/problem-note";
import { Blank, Denied } from "@/parts/states";
import { useMay, useMe } from "@/sign-in/account";
import { DrainNote } from "./drain-note";
import { DrainSheet } from "./drain-sheet";
import { MoveSheet } from "./move-sheet";
import { ShardColumn, Tiles } from "./shard-column";
import { largest, useShards, useTiles } from "./shards";
import { TenantSearch } from "./tenant-search";

function Board({ shards }: { shards: readonly Shard[] }) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const { tiles, shown, hasMore } = useTiles(q);
  const most = { memory: largest(shards, (each) => each.rss_bytes, 1), rate: largest(shards, (each) => each.messages_per_s, 1) };
  const [drained, setDrained] = useState<Shard | null>(null);
  const [moved, setMoved] = useState<Tenant | null>(null);
  const move = (tenant: Tenant) => (
    <IconButton name={t("shards.move_title", { name: tenant.name })} onClick={() => setMoved(tenant)} className="!size-8">
      <ArrowRightLeft size={15} aria-hidden="true" />
    </IconButton>
  );
  const homeless = tiles.get(0) ?? [];
  return (
    <>
      {(hasMore || q) && (
        <div className="grid gap-2">
          <TenantSearch key={q} q={q} onFind={setQ} />
          <p role="status" className="text-sm text-soft">
            {hasMore ? t("shards.first", { count: shown }) : t("shards.found", { count: shown })}
          </p>
        </div>
      )}
      <div className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,17rem),1fr))] items-start gap-4">
        {shards.map((shard) => (
          <ShardColumn
            key={shard.number}
            shard={shard}
            most={most}
            tenants={tiles.get(shard.number) ?? []}
            isPart={hasMore || q !== ""}
            menu={
              shard.state === "live" && (
                <Button small onClick={() => setDrained(shard)}>
                  {t("shards.drain")}
                </Button>
              )
            }
            progress={shard.state === "draining" && <DrainNote number={shard.number} />}
            action={move}
          />
        ))}
      </div>
      {homeless.length > 0 && (
        <Panel title={t("tenants.no_shard")} intro={t("shards.homeless_intro")}>
          <Tiles label={t("tenants.no_shard")} tenants={homeless} isPart={hasMore} action={move} />
        </Panel>
      )}
      {drained && <DrainSheet shard={drained} onClose={() => setDrained(null)} />}
      {moved && <MoveSheet tenant={moved} targets={shards.filter((each) => each.state === "live")} onClose={() => setMoved(null)} />}
    </>
  );
}

export function ShardsPage() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const may = useMay("platform:operate");
  const query = useShards(may);
  if (me && !may) return <Denied heading="h1" />;
  return (
    <Page wide title={t("shards.title")} intro={t("shards.intro")}>
      {query.isRefetchError && <ProblemNote error={query.error} text={t("queues.stale")} />}
      <Loaded query={query}>
        {(shards) =>
          shards.length === 0 ? (
            <Blank icon={Server} title={t("shards.empty")}>
              {t("shards.empty_why")}
            </Blank>
          ) : (
            <Board shards={shards} />
          )
        }
      </Loaded>
    </Page>
  );
}
