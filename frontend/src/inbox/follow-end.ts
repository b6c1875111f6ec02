// Opens a thread at its newest message, and keeps that in sight when the room for the thread
// changes: a growing composer or a banner must not cover it.
import { type RefObject, useEffect } from "react";

interface Scroller {
  isAtEnd(threshold?: number): boolean;
  scrollToEnd(): void;
}

const NEAR_END = 80;

export function useFollowEnd(box: RefObject<HTMLElement | null>, scroller: Scroller): void {
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    let atEnd = true;
    scroller.scrollToEnd();
    const scrolled = () => {
      atEnd = scroller.isAtEnd(NEAR_END);
    };
    const resized = new ResizeObserver(() => atEnd && scroller.scrollToEnd());
    element.addEventListener("scroll", scrolled, { passive: true });
    resized.observe(element);
    return () => {
      element.removeEventListener("scroll", scrolled);
      resized.disconnect();
    };
  }, [box, scroller]);
}
