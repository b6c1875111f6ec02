// The businesses of the platform as operators ask for them and change them.
import { keepPreviousData, useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, client } from "@/api/client";
import type { Tenant } from "@/api/objects";
import { useMay } from "@/sign-in/account";

const PAGE = 50;
/** Names are shown beside ids for so many businesses; the others are shown by their id. */
const NAMED = 200;

export function useTenants(q: string, enabled: boolean) {
  const query = api.useInfiniteQuery(
    "get",
    "/v1/admin/businesses",
    { params: { query: { limit: PAGE, ...(q ? { q } : {}) } } },
    { initialPageParam: null, getNextPageParam: (last) => last.next_cursor, enabled, staleTime: 0, placeholderData: keepPreviousData },
  );
  return { ...query, data: query.data?.pages.flatMap((page) => page.data) };
}

/** Names by id. */
export function useTenantNames(): ReadonlyMap<string, string> {
  const may = useMay("platform:operate");
  const { data } = api.useQuery("get", "/v1/admin/businesses", { params: { query: { limit: NAMED } } }, { enabled: may });
  return useMemo(() => new Map(data?.data.map(({ id, name }) => [id, name])), [data]);
}

function useAfter() {
  const queries = useQueryClient();
  return { onSettled: () => queries.invalidateQueries({ queryKey: ["get", "/v1/admin/businesses"] }) };
}

export interface NewTenant {
  name: string;
  owner_email?: string;
  shard?: number;
  limits: Tenant["limits"];
}

/** Resolves to the link for its owner; null when nobody was invited. */
export function useCreateTenant() {
  return useMutation({
    mutationFn: async (body: NewTenant) => {
      const { data } = await client.POST("/v1/admin/businesses", { body });
      return { link: data?.invite_url ?? null };
    },
    ...useAfter(),
  });
}

export interface TenantChange {
  name?: string;
  status?: Tenant["status"];
  limits?: Tenant["limits"];
}

export function useChangeTenant() {
  return useMutation({
    mutationFn: ({ id, change }: { id: string; change: TenantChange }) =>
      client.PATCH("/v1/admin/businesses/{id}", { params: { path: { id } }, body: change }),
    ...useAfter(),
  });
}
