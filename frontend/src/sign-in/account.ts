// Signing in, out, and knowing who is signed in. The tokens live in HttpOnly cookies that
// no script can read.
import { api, client } from "@/api/client";
import type { Permission } from "@/api/objects";
import { queries } from "@/api/query";
import { noteSignedIn } from "@/api/refresh";
import { forgetDrafts } from "@/inbox/drafts";
import { forgetOutbox } from "@/inbox/outbox";

/** The fewest characters of a password. */
export const PASSWORD_MIN = 12;

export function useMe() {
  return api.useQuery("get", "/v1/me");
}

/** Whether this installation waits for its first owner; null while that is not known. */
export function useSetupIsOpen(): boolean | null {
  return api.useQuery("get", "/v1/auth/setup", undefined, { staleTime: 0 }).data?.open ?? null;
}

/** Whether this person may do something, by the permissions that the API names; false while they load. */
export function useMay(permission: Permission): boolean {
  const { data } = useMe();
  return data?.permissions.includes(permission) ?? false;
}

/** After any way of signing in: nothing that another person read stays. */
function enter(): void {
  noteSignedIn();
  queries.clear();
}

export async function signIn(email: string, password: string): Promise<void> {
  await client.POST("/v1/auth/login", { body: { email, password, cookie: true } });
  enter();
}

/** Spends a single-use sign-in link. */
export async function signInByLink(token: string): Promise<void> {
  await client.POST("/v1/auth/link", { body: { token, cookie: true } });
  enter();
}

/** Accepts an invitation: a new person brings name and password, one with an account the password alone, one who is signed in neither. */
export async function acceptInvitation(token: string, form: { name?: string; password?: string }): Promise<void> {
  await client.POST("/v1/auth/invitation", { body: { token, ...form, cookie: true } });
  enter();
}

export interface FirstRun {
  token: string;
  business_name: string;
  name: string;
  email: string;
  password: string;
}

export async function setUp(form: FirstRun): Promise<void> {
  await client.POST("/v1/auth/setup", { body: { ...form, cookie: true } });
  enter();
}

/** Signs out here, whatever the server answers, and leaves no words behind. */
export async function signOut(): Promise<void> {
  try {
    await client.POST("/v1/auth/logout");
  } finally {
    forgetDrafts();
    forgetOutbox();
    queries.clear();
  }
}
