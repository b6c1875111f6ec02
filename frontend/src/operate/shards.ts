// The shards of the platform and the businesses on them, as operators ask for them.
import { keepPreviousData } from "@tanstack/react-query";
import { useMemo } from "react";
import { api } from "@/api/client";
import type { Shard, Tenant } from "@/api/objects";

/** How often the figures are asked for while the page is looked at. */
const LOOK_MS = 2_000;
const TILES_MS = 2_000;
/** So many businesses are shown as tiles; a search finds the others. */
const TILES = 200;

export function useShards(enabled: boolean) {
  return api.useQuery("get", "/v1/admin/shards", undefined, { enabled, select: (page) => page.data, refetchInterval: LOOK_MS, staleTime: 0 });
}

/** Which shard has the numbers of a business: who holds them now, else where it belongs; 0 while it has none. */
export const shardOf = (tenant: Tenant): number => tenant.held_by ?? tenant.shard ?? 0;

/** The businesses whose name has `q` in it, by the shard that has them, and whether there are more than are shown. */
export function useTiles(q: string) {
  const { data } = api.useQuery(
    "get",
    "/v1/admin/businesses",
    { params: { query: { limit: TILES, ...(q ? { q } : {}) } } },
    { placeholderData: keepPreviousData, refetchInterval: TILES_MS, staleTime: 0 },
  );
  const tiles = useMemo(() => {
    const byShard = new Map<number, Tenant[]>();
    for (const tenant of data?.data ?? []) {
      const shard = shardOf(tenant);
      const there = byShard.get(shard);
      if (there) there.push(tenant);
      else byShard.set(shard, [tenant]);
    }
    return byShard;
  }, [data]);
  return { tiles, shown: data?.data.length ?? 0, hasMore: Boolean(data?.next_cursor) };
}

/** The largest value among shards, for bars that compare them; at least `least`. */
export function largest(shards: readonly Shard[], of: (shard: Shard) => number, least: number): number {
  return Math.max(least, ...shards.map(of));
}
