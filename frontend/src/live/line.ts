// What is known about the live line, for the dot in the header.
import { useSyncExternalStore } from "react";

export interface Line {
  state: "connecting" | "live" | "down";
  /** When it went down or came up, in milliseconds. */
  since: number;
}

let line: Line = { state: "connecting", since: Date.now() };
const watchers = new Set<() => void>();

export function setLine(state: Line["state"], since = Date.now()): void {
  if (line.state === state) return;
  line = { state, since };
  for (const watcher of watchers) watcher();
}

export function currentLine(): Line {
  return line;
}

export function useLine(): Line {
  return useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, currentLine);
}
