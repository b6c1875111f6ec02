// One tab holds the live line for all tabs of this browser: a browser allows only six
// connections to one address, and the server only five streams of one person.
import type { Event } from "@/api/objects";
import { type Line, currentLine } from "./line";

export type Shared =
  | { kind: "event"; event: Event }
  | { kind: "reset"; seq: number | null }
  | { kind: "line"; line: Line }
  | { kind: "who" };

const CHANNEL = "sy-live";

export interface Share {
  tell(message: Shared): void;
  close(): void;
}

/** Opens the channel between the tabs; `hear` gets what the other tabs tell. */
export function openShare(hear: (message: Shared) => void): Share {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener("message", (message: MessageEvent<Shared>) => hear(message.data));
  return {
    tell: (message) => channel.postMessage(message),
    close: () => channel.close(),
  };
}

/** Runs `lead` in the one tab that holds the lock, for as long as that tab lives. */
export async function asLeader(signal: AbortSignal, lead: () => Promise<void>): Promise<void> {
  if (!("locks" in navigator)) return lead();
  await navigator.locks.request(CHANNEL, { signal }, lead);
}

/** What a leader answers to a tab that just opened. */
export function lineNow(): Shared {
  return { kind: "line", line: currentLine() };
}
