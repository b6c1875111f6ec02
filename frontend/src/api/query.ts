// How long answers count as fresh, and when a failed request is tried again.
import { QueryClient } from "@tanstack/react-query";
import { isPassing } from "./problem";

/** Live events keep the data fresh; this is only the net below them. */
const FRESH_MS = 60_000;
const TRIES = 3;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      retry: (count, error) => count < TRIES && isPassing(error),
      retryDelay: (count) => Math.min(500 * 2 ** count, 5_000),
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});
