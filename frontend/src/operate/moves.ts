// Moving a business to another shard, and emptying a shard: begun, watched and undone.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, client } from "@/api/client";
import { asProblem } from "@/api/problem";

/** How often progress is asked for while something is on its way. */
const LOOK_MS = 500;

function useAfter() {
  const queries = useQueryClient();
  return {
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ["get", "/v1/admin/shards"] });
      await queries.invalidateQueries({ queryKey: ["get", "/v1/admin/businesses"] });
    },
  };
}

interface Wish {
  business: string;
  shard: number;
}

/** Only says what a move would do. */
export function usePlannedMove() {
  return useMutation({
    mutationFn: async ({ business, shard }: Wish) => {
      const { data } = await client.POST("/v1/admin/businesses/{id}/move", {
        params: { path: { id: business } },
        body: { shard, dry_run: true },
      });
      return data;
    },
  });
}

export function useMove() {
  return useMutation({
    mutationFn: async ({ business, shard }: Wish) => {
      const { data } = await client.POST("/v1/admin/businesses/{id}/move", {
        params: { path: { id: business } },
        body: { shard, dry_run: false },
      });
      return data;
    },
    ...useAfter(),
  });
}

/** How far the move of a business has come; asked for until it is over. */
export function useMoveProgress(business: string, enabled: boolean) {
  return api.useQuery(
    "get",
    "/v1/admin/businesses/{id}/move",
    { params: { path: { id: business } } },
    { enabled, staleTime: 0, refetchInterval: (query) => (query.state.data?.state === "moving" || !query.state.data ? LOOK_MS : false) },
  );
}

export function useDrain() {
  return useMutation({
    mutationFn: (number: number) => client.POST("/v1/admin/shards/{number}/drain", { params: { path: { number } } }),
    ...useAfter(),
  });
}

export function useUndrain() {
  return useMutation({
    mutationFn: (number: number) => client.POST("/v1/admin/shards/{number}/undrain", { params: { path: { number } } }),
    ...useAfter(),
  });
}

/** How far the emptying of a shard has come; a shard that is not to be empty has none. */
export function useDrainProgress(number: number, enabled: boolean) {
  return api.useQuery(
    "get",
    "/v1/admin/shards/{number}/drain",
    { params: { path: { number } } },
    { enabled, staleTime: 0, refetchInterval: LOOK_MS, retry: (_count, error) => asProblem(error).status !== 404 },
  );
}
