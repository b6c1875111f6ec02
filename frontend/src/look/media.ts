// Whether the window is as a media query asks, for what styles alone cannot decide.
import { useSyncExternalStore } from "react";

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (watcher) => {
      const list = matchMedia(query);
      list.addEventListener("change", watcher);
      return () => list.removeEventListener("change", watcher);
    },
    () => matchMedia(query).matches,
  );
}

/** Room for a rail at the side; without it the window is a phone's. */
export const BESIDE = "(min-width: 40rem)";
/** Room for a third pane in the inbox. */
export const THREE_PANES = "(min-width: 80rem)";
