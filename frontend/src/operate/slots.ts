// The slots of calls as operators ask for them and act on them.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, client } from "@/api/client";

/** How often they are looked at while the page is open. */
const LOOK_MS = 3_000;
const SLOTS = ["get", "/v1/admin/calls"] as const;

export function useSlots(enabled: boolean) {
  return api.useQuery("get", "/v1/admin/calls", undefined, { enabled, refetchInterval: LOOK_MS, staleTime: 0 });
}

export function useRelease() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (call_sid: string) => client.POST("/v1/admin/calls/{call_sid}/release", { params: { path: { call_sid } } }),
    onSettled: () => queries.invalidateQueries({ queryKey: SLOTS }),
  });
}

export function useCallLimit() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (limit: number) => client.PUT("/v1/admin/calls/limit", { body: { limit } }),
    onSettled: () => queries.invalidateQueries({ queryKey: SLOTS }),
  });
}
