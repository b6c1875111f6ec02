// The pages of the rail and the palette: where they are, and what somebody must be allowed to see them.
import { BookOpen, Building2, Code, Inbox, type LucideIcon, Phone, PhoneCall, Rows4, Server, Settings, Smartphone } from "lucide-react";
import type { Permission } from "@/api/objects";
import { useMe } from "@/sign-in/account";

export interface Place {
  /** Its address, and its name in the words of the rail. */
  to: "/inbox" | "/calls" | "/numbers" | "/developers" | "/settings" | "/shards" | "/queues" | "/slots" | "/businesses";
  word: "inbox" | "calls" | "numbers" | "developers" | "settings" | "shards" | "queues" | "slots" | "businesses";
  icon: LucideIcon;
  /** What one must be allowed to do; `null`: nothing in particular. */
  needs: Permission | null;
  /** The key that leads here after `g`. */
  key: string;
}

const PLACES: readonly Place[] = [
  { to: "/inbox", word: "inbox", icon: Inbox, needs: "messages:read", key: "i" },
  { to: "/calls", word: "calls", icon: Phone, needs: "calls:read", key: "c" },
  { to: "/numbers", word: "numbers", icon: Smartphone, needs: "sessions:read", key: "n" },
  { to: "/developers", word: "developers", icon: Code, needs: "keys:manage", key: "d" },
  { to: "/settings", word: "settings", icon: Settings, needs: null, key: "s" },
  { to: "/shards", word: "shards", icon: Server, needs: "platform:operate", key: "h" },
  { to: "/queues", word: "queues", icon: Rows4, needs: "platform:operate", key: "q" },
  { to: "/slots", word: "slots", icon: PhoneCall, needs: "platform:operate", key: "l" },
  { to: "/businesses", word: "businesses", icon: Building2, needs: "platform:operate", key: "b" },
];

/** The reference of the API: a page of its own, outside the router. */
export const DOCS = { href: "/docs", icon: BookOpen } as const;

/** Whether a page is about the platform as a whole, for operators alone. */
export const isOfPlatform = ({ needs }: Place): boolean => needs === "platform:operate";

/** The pages that this person may see; those of operators not before it is known who looks. */
export function usePlaces(): readonly Place[] {
  const { data: me } = useMe();
  return PLACES.filter((place) => place.needs === null || (me ? me.permissions.includes(place.needs) : !isOfPlatform(place)));
}
