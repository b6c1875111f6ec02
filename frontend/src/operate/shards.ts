// The shards of the platform and the businesses on them, as operators ask for them.
import { useMemo } from "react";
import { api } from "@/api/client";
import type { Shard, Tenant } from "@/api/objects";

/** How often the figures are asked for while the page is looked at. */
const LOOK_MS = 2_000;
const TILES_MS = 2_000;
/** So many businesses are shown as tiles; the page of businesses has them all. */
const TILES = 200;

export function useShards(enabled: boolean) {
  return api.useQuery("get", "/v1/admin/shards", undefined, { enabled, select: (page) => page.data, refetchInterval: LOOK_MS, staleTime: 0 });
}

/** Which shard has the numbers of a business: who holds them now, else where it belongs; 0 while it has none. */
export const shardOf = (tenant: Tenant): number => tenant.held_by ?? tenant.shard ?? 0;

/** The businesses by the shard that has them. */
export function useTiles(enabled: boolean): ReadonlyMap<number, readonly Tenant[]> {
  const { data } = api.useQuery(
    "get",
    "/v1/admin/businesses",
    { params: { query: { limit: TILES } } },
    { enabled, refetchInterval: TILES_MS, staleTime: 0 },
  );
  return useMemo(() => {
    const tiles = new Map<number, Tenant[]>();
    for (const tenant of data?.data ?? []) {
      const shard = shardOf(tenant);
      const there = tiles.get(shard);
      if (there) there.push(tenant);
      else tiles.set(shard, [tenant]);
    }
    return tiles;
  }, [data]);
}

/** The largest value among shards, for bars that compare them; at least `least`. */
export function largest(shards: readonly Shard[], of: (shard: Shard) => number, least: number): number {
  return Math.max(least, ...shards.map(of));
}
