// Dead letters: asked for by what they are, and given another life.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, client } from "@/api/client";
import { type LetterFilter, letterQuery } from "./letter-search";

const PAGE = 50;

export function useLetters(filter: LetterFilter, enabled: boolean) {
  // Ages are counted from when the page was opened: the instant is part of what is asked.
  const [opened] = useState(Date.now);
  const asked = letterQuery(filter, opened);
  const query = api.useInfiniteQuery(
    "get",
    "/v1/admin/dead-letters",
    { params: { query: { limit: PAGE, ...asked } } },
    { initialPageParam: null, getNextPageParam: (last) => last.next_cursor, enabled, staleTime: 0 },
  );
  return { ...query, data: query.data?.pages.flatMap((page) => page.data) };
}

function useAfter() {
  const queries = useQueryClient();
  return {
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ["get", "/v1/admin/dead-letters"] });
      await queries.invalidateQueries({ queryKey: ["get", "/v1/admin/queues"] });
    },
  };
}

export function useRetryOne() {
  return useMutation({
    mutationFn: (id: string) => client.POST("/v1/admin/dead-letters/{id}/retry", { params: { path: { id } } }),
    ...useAfter(),
  });
}

/** Retries all that the filter asks for, a request after the other until none is left; resolves to their number. */
export function useRetryAll() {
  return useMutation({
    mutationFn: async (filter: LetterFilter) => {
      // What dies again meanwhile is not tried once more.
      const body = { ...letterQuery(filter, Date.now()), until: new Date().toISOString() };
      let retried = 0;
      for (;;) {
        // One request after the other is the point: each goes on where the last one stopped.
        // oxlint-disable-next-line no-await-in-loop
        const { data } = await client.POST("/v1/admin/dead-letters/retry", { body });
        retried += data?.retried ?? 0;
        if (!data?.left) return retried;
      }
    },
    ...useAfter(),
  });
}
