// Opens a thread at its newest message, and keeps that in sight when the thread or the room for it
// changes: a growing composer or a banner must not cover it.
import { type RefObject, useEffect, useState } from "react";

interface Scroller {
  scrollToEnd(): void;
}

const NEAR_END = 80;

/** Answers whether the newest message is in sight. */
export function useFollowEnd(box: RefObject<HTMLElement | null>, scroller: Scroller): boolean {
  const [inSight, setInSight] = useState(true);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    let atEnd = true;
    scroller.scrollToEnd();
    const look = () => {
      atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
      setInSight(atEnd);
    };
    const resized = new ResizeObserver(() => {
      if (atEnd) scroller.scrollToEnd();
      else look();
    });
    element.addEventListener("scroll", look, { passive: true });
    resized.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      resized.disconnect();
    };
  }, [box, scroller]);
  return inSight;
}
