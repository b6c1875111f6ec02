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

/** What a leader answers to a tab that just opened. */
export function lineNow(): Shared {
  return { kind: "line", line: currentLine() };
}
