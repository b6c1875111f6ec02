// The pages of the rail and the palette: where they are, and what somebody must be allowed to see them.
import { BookOpen, Code, Inbox, type LucideIcon, Settings, Smartphone } from "lucide-react";
import type { Permission } from "@/api/objects";
import { useMe } from "@/sign-in/account";

export interface Place {
  /** Its address, and its name in the words of the rail. */
  to: "/inbox" | "/numbers" | "/developers" | "/settings";
  word: "inbox" | "numbers" | "developers" | "settings";
  icon: LucideIcon;
  /** What one must be allowed to do; `null`: nothing in particular. */
  needs: Permission | null;
  /** The key that leads here after `g`. */
  key: string;
}

const PLACES: readonly Place[] = [
  { to: "/inbox", word: "inbox", icon: Inbox, needs: "messages:read", key: "i" },
  { to: "/numbers", word: "numbers", icon: Smartphone, needs: "sessions:read", key: "n" },
  { to: "/developers", word: "developers", icon: Code, needs: "keys:manage", key: "d" },
  { to: "/settings", word: "settings", icon: Settings, needs: null, key: "s" },
];

/** The reference of the API: a page of its own, outside the router. */
export const DOCS = { href: "/docs", icon: BookOpen } as const;

/** The pages that this person may see. */
export function usePlaces(): readonly Place[] {
  const { data: me } = useMe();
  return PLACES.filter(({ needs }) => needs === null || me === undefined || me.permissions.includes(needs));
}
