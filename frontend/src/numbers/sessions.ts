// The numbers of the business, and what can be done to them.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, client } from "@/api/client";
import type { Session } from "@/api/objects";
import { asProblem } from "@/api/problem";

const PAGE = 200;
const QUERY = { params: { query: { limit: PAGE } } };

/** All numbers, kept fresh by the live line. */
export function useSessions() {
  return api.useQuery("get", "/v1/sessions", QUERY, { select: (page) => page.data });
}

export function sessionName(session: Pick<Session, "name" | "phone"> | undefined, unnamed: string): string {
  return session?.name || session?.phone || unnamed;
}

export type Act = "connect" | "restart" | "disconnect" | "logout" | "delete";

const ACTS: Record<Act, (id: string) => Promise<unknown>> = {
  connect: (id: string) => client.POST("/v1/sessions/{id}/connect", { params: { path: { id } } }),
  restart: (id: string) => client.POST("/v1/sessions/{id}/restart", { params: { path: { id } } }),
  disconnect: (id: string) => client.POST("/v1/sessions/{id}/disconnect", { params: { path: { id } } }),
  logout: (id: string) => client.POST("/v1/sessions/{id}/logout", { params: { path: { id } } }),
  delete: (id: string) => client.DELETE("/v1/sessions/{id}", { params: { path: { id } } }),
};

function useAfter() {
  const queries = useQueryClient();
  return { onSettled: () => queries.invalidateQueries({ queryKey: ["get", "/v1/sessions"] }) };
}

/** Asked so often while there is no room: for ten minutes, five seconds apart. */
const TRIES = 120;
const APART_S = 5;

/** Whether no shard has room for a number that was never linked. */
export function isFull(error: unknown): boolean {
  return asProblem(error).code === "shard_unavailable";
}

/** Does something to a number. While there is no room for a new one it goes on asking, and says so by `failureReason`. */
export function useAct() {
  return useMutation({
    mutationFn: ({ id, act }: { id: string; act: Act }) => ACTS[act](id),
    retry: (tries, error) => isFull(error) && tries < TRIES,
    retryDelay: (_tries, error) => (asProblem(error).retryAfter ?? APART_S) * 1_000,
    ...useAfter(),
  });
}

export function useRename() {
  return useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      client.PATCH("/v1/sessions/{id}", { params: { path: { id } }, body: { name } }),
    ...useAfter(),
  });
}

/** Makes a number; resolves to its id. */
export function useAdd() {
  return useMutation({
    mutationFn: async (name: string) => {
      const { data } = await client.POST("/v1/sessions", { body: { name } });
      return data?.id ?? "";
    },
    ...useAfter(),
  });
}
