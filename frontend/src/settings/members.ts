// The people of the business and who is invited, and what can be done about them.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, client } from "@/api/client";
import type { Member, Role } from "@/api/objects";

export function useMembers(enabled: boolean) {
  return api.useQuery("get", "/v1/members", undefined, { enabled, select: (page) => page.data });
}

function useAfter() {
  const queries = useQueryClient();
  return {
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ["get", "/v1/members"] });
      // One's own role may have changed with it.
      await queries.invalidateQueries({ queryKey: ["get", "/v1/me"] });
    },
  };
}

/** Resolves to the link to hand over. */
export function useInvite() {
  return useMutation({
    mutationFn: async (body: { email: string; role: Role }) => {
      const { data } = await client.POST("/v1/members", { body });
      return data?.invite_url ?? "";
    },
    ...useAfter(),
  });
}

export function useChangeRole() {
  return useMutation({
    mutationFn: ({ id, role }: { id: string; role: Role }) => client.PATCH("/v1/members/{id}", { params: { path: { id } }, body: { role } }),
    ...useAfter(),
  });
}

export function useRemoveMember() {
  return useMutation({ mutationFn: (id: string) => client.DELETE("/v1/members/{id}", { params: { path: { id } } }), ...useAfter() });
}

/** Whether this is the only owner, whom the business keeps. */
export function isLastOwner(member: Member, all: readonly Member[]): boolean {
  const owners = all.filter((each) => each.state === "active" && each.role === "owner");
  return owners.length === 1 && owners[0]?.id === member.id;
}
