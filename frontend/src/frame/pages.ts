// The pages of the rail and the palette: where they are, and what somebody must be allowed to see them.
import { BookOpen, Inbox, type LucideIcon, Smartphone } from "lucide-react";
import type { Permission } from "@/api/objects";
import { useMe } from "@/sign-in/account";

export interface Place {
  /** Its address, and its name in the words of the rail. */
  to: "/inbox" | "/numbers";
  word: "inbox" | "numbers";
  icon: LucideIcon;
  needs: Permission;
  /** The key that leads here after `g`. */
  key: string;
}

const PLACES: readonly Place[] = [
  { to: "/inbox", word: "inbox", icon: Inbox, needs: "messages:read", key: "i" },
  { to: "/numbers", word: "numbers", icon: Smartphone, needs: "sessions:read", key: "n" },
];

/** The reference of the API: a page of its own, outside the router. */
export const DOCS = { href: "/docs", icon: BookOpen } as const;

/** The pages that this person may see. */
export function usePlaces(): readonly Place[] {
  const { data: me } = useMe();
  return PLACES.filter((place) => me?.permissions.includes(place.needs) ?? true);
}
