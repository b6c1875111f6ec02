// The queues of the platform as operators ask for them and act on them.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, client } from "@/api/client";
import type { Queue } from "@/api/objects";

/** How often the figures are asked for while the page is looked at. */
const LOOK_MS = 3_000;
const MINUTES_MS = 15_000;

export function useQueues(enabled: boolean) {
  return api.useQuery("get", "/v1/admin/queues", undefined, { enabled, select: (page) => page.data, refetchInterval: LOOK_MS, staleTime: 0 });
}

/** The last hour of a queue by the minute. */
export function useMinutes(queue: Queue["queue"]) {
  return api.useQuery(
    "get",
    "/v1/admin/queues/{queue}/minutes",
    { params: { path: { queue } } },
    { select: (page) => page.data, refetchInterval: MINUTES_MS, staleTime: 0 },
  );
}

/** Pauses a queue, or lets it go on. */
export function usePause() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ queue, paused }: { queue: Queue["queue"]; paused: boolean }) =>
      paused
        ? client.POST("/v1/admin/queues/{queue}/pause", { params: { path: { queue } } })
        : client.POST("/v1/admin/queues/{queue}/resume", { params: { path: { queue } } }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["get", "/v1/admin/queues"] }),
  });
}
