// Shortcuts of one key, or of `g` and then one: silent while somebody types, holds a modifier, or a sheet is open.
import { useEffect, useRef } from "react";

type Keys = Record<string, () => void>;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** The key as Latin keyboards name it, also while a Hebrew layout is on. */
function keyOf(event: KeyboardEvent): string {
  const latin = event.key.charCodeAt(0) < 128;
  return latin || !event.code.startsWith("Key") ? event.key : event.code.slice(3).toLowerCase();
}

/** How long the second key of a pair may take. */
const PAIR_MS = 1_000;
let afterG = Number.NEGATIVE_INFINITY;

/** Binds keys, `j` or `g i`, for as long as the component is on screen. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"], [role="menu"]')) return;
      const key = keyOf(event);
      const paired = event.timeStamp - afterG < PAIR_MS;
      if (key === "g") afterG = event.timeStamp;
      const act = latest.current[paired ? `g ${key}` : key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
