// Calls, the numbers that take them and the flow, as the pages ask for them and change them.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, client } from "@/api/client";
import type { Call, CallFlow } from "@/api/objects";

const PAGE = 50;
/** How often the gauge is looked at, and calls that are not over: beginnings and ends come by the live stream, answers do not. */
const LOAD_MS = 5_000;

const CALLS = ["get", "/v1/calls"] as const;
const CALL = ["get", "/v1/calls/{call_sid}"] as const;
const NUMBERS = ["get", "/v1/call-numbers"] as const;
const FLOW = ["get", "/v1/call-flow"] as const;

const isUnderWay = (call: Call) => call.ended_at === null;

export function useCalls(enabled: boolean) {
  const query = api.useInfiniteQuery(
    "get",
    "/v1/calls",
    { params: { query: { limit: PAGE } } },
    {
      initialPageParam: null,
      getNextPageParam: (last) => last.next_cursor,
      enabled,
      refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.data.some(isUnderWay)) ? LOAD_MS : false),
    },
  );
  return { ...query, data: query.data?.pages.flatMap((page) => page.data) };
}

export function useCall(call_sid: string) {
  return api.useQuery(
    "get",
    "/v1/calls/{call_sid}",
    { params: { path: { call_sid } } },
    { refetchInterval: ({ state }) => (state.data && isUnderWay(state.data.call) ? LOAD_MS : false) },
  );
}

export function usePlaceCall() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: { to: string; from?: string | undefined; text: string }; key: string }) =>
      client.POST("/v1/calls", { params: { header: { "Idempotency-Key": key } }, body }),
    onSuccess: () => queries.invalidateQueries({ queryKey: CALLS }),
  });
}

/** Ends a call, or takes one back that waits; what is on screen is read again, for another hand may have been quicker. */
export function useHangUp() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (call_sid: string) => client.POST("/v1/calls/{call_sid}/hangup", { params: { path: { call_sid } } }),
    onSettled: () => Promise.all([queries.invalidateQueries({ queryKey: CALLS }), queries.invalidateQueries({ queryKey: CALL })]),
  });
}

export function useLoad() {
  return api.useQuery("get", "/v1/call-load", undefined, { refetchInterval: LOAD_MS, staleTime: 0 });
}

export function useCallNumbers(enabled: boolean) {
  return api.useQuery("get", "/v1/call-numbers", undefined, { enabled, select: (page) => page.data });
}

export function useAddNumber() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { phone: string; name: string }) => client.POST("/v1/call-numbers", { body }),
    onSettled: () => queries.invalidateQueries({ queryKey: NUMBERS }),
  });
}

export function useRemoveNumber() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.DELETE("/v1/call-numbers/{id}", { params: { path: { id } } }),
    onSettled: () => queries.invalidateQueries({ queryKey: NUMBERS }),
  });
}

export function useFlow(enabled: boolean) {
  // What somebody is editing does not change under their hands.
  return api.useQuery("get", "/v1/call-flow", undefined, { enabled, refetchOnWindowFocus: false, refetchOnReconnect: false });
}

export function usePutFlow() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: { version: number; flow: CallFlow }) => (await client.PUT("/v1/call-flow", { body })).data,
    onSuccess: (stored) => queries.setQueryData([...FLOW], stored),
  });
}

/** Reads again what people changed meanwhile. */
export function useReadFlowAgain() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: FLOW });
}
