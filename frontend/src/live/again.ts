// Reads lists again after a burst of events: once, not once for each.
import type { QueryClient, QueryKey } from "@tanstack/react-query";

const GATHER_MS = 400;

let waiting: QueryKey[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** Marks what these keys name as out of date, soon. */
export function readAgainSoon(queries: QueryClient, ...keys: QueryKey[]): void {
  waiting = [...waiting, ...keys];
  timer ??= setTimeout(() => {
    const unique = new Map(waiting.map((key) => [JSON.stringify(key), key]));
    waiting = [];
    timer = undefined;
    for (const queryKey of unique.values()) void queries.invalidateQueries({ queryKey });
  }, GATHER_MS);
}
