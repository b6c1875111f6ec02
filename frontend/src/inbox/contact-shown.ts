// Whether the third pane is open: kept on this machine, for it is a habit and not a place.
import { useSyncExternalStore } from "react";

const KEPT = "sy-contact-pane";
const CLOSED = "closed";
const watchers = new Set<() => void>();

export function useContactShown(): readonly [boolean, (shown: boolean) => void] {
  const shown = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => localStorage.getItem(KEPT) !== CLOSED,
  );
  return [shown, show];
}

function show(shown: boolean): void {
  if (shown) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, CLOSED);
  for (const watcher of watchers) watcher();
}
