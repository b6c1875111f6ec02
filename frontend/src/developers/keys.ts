// The API keys of the business, making one and revoking one.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, client } from "@/api/client";
import type { NewApiKey, Scope } from "@/api/objects";

const PAGE = 50;

/** The scopes, in the order in which they are shown. A new one of the API does not compile until it has its words. */
const IN_ORDER: Record<Scope, number> = {
  "messages:read": 0,
  "messages:write": 1,
  "sessions:read": 2,
  "sessions:write": 3,
  "contacts:read": 4,
  "contacts:write": 5,
  "events:read": 6,
  "calls:read": 7,
  "calls:write": 8,
};

function isScope(value: string): value is Scope {
  return Object.hasOwn(IN_ORDER, value);
}

export const SCOPES: readonly Scope[] = Object.keys(IN_ORDER).filter(isScope);

/** The key of a scope's words. */
export function scopeWord<S extends Scope>(scope: S) {
  return scope.replace(":", "_") as S extends `${infer Of}:${infer Act}` ? `${Of}_${Act}` : never;
}

export function useKeys(enabled: boolean) {
  const query = api.useInfiniteQuery(
    "get",
    "/v1/api-keys",
    { params: { query: { limit: PAGE } } },
    { initialPageParam: null, getNextPageParam: (last) => last.next_cursor, enabled },
  );
  return { ...query, data: query.data?.pages.flatMap((page) => page.data) };
}

function useAfter() {
  const queries = useQueryClient();
  return { onSettled: () => queries.invalidateQueries({ queryKey: ["get", "/v1/api-keys"] }) };
}

export interface Wanted {
  name: string;
  scopes: Scope[];
  expires_at: string | null;
}

/** Resolves to the key with its secret, which nobody can show again. */
export function useCreateKey() {
  return useMutation({
    mutationFn: async ({ expires_at, ...body }: Wanted): Promise<NewApiKey | undefined> => {
      const { data } = await client.POST("/v1/api-keys", { body: expires_at ? { ...body, expires_at } : body });
      return data;
    },
    ...useAfter(),
  });
}

export function useRevokeKey() {
  return useMutation({ mutationFn: (id: string) => client.DELETE("/v1/api-keys/{id}", { params: { path: { id } } }), ...useAfter() });
}
