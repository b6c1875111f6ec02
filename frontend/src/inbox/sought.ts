// Brings one message of a thread into sight: the one that a search found, or a link names.
import { useEffect, useRef } from "react";
import type { Item } from "./thread-items";

/** So many messages are looked through at most; who looks for older ones scrolls on from there. */
const MOST = 2_000;

interface Older {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage(): Promise<unknown>;
}

interface Scroller {
  scrollToIndex(index: number, how: { align: "center" }): void;
}

/** Reads older pages until the message is there, then scrolls to it, once for each that is sought. */
export function useSought(id: string | undefined, items: Item[], scroller: Scroller, { hasNextPage, isFetchingNextPage, fetchNextPage }: Older): void {
  const brought = useRef<string>(undefined);
  useEffect(() => {
    if (id === undefined || brought.current === id) return;
    const at = items.findIndex((item) => item.kind === "message" && item.message.id === id);
    if (at >= 0) {
      brought.current = id;
      scroller.scrollToIndex(at, { align: "center" });
    } else if (hasNextPage && !isFetchingNextPage && items.length < MOST) {
      void fetchNextPage();
    }
  }, [id, items, scroller, hasNextPage, isFetchingNextPage, fetchNextPage]);
}
