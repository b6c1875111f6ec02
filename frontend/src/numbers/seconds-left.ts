// How long a code still lives, counted down once a second.
import { useEffect, useState } from "react";
import type { Shown } from "./link-code";

const TICK_MS = 250;

export function useSecondsLeft(code: Shown | null): { rest: number; whole: number } {
  const [now, setNow] = useState(() => Date.now());
  const qr = code?.qr ?? null;
  useEffect(() => {
    if (qr === null) return undefined;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [qr]);
  const ends = code?.expires_at ? Date.parse(code.expires_at) : Number.POSITIVE_INFINITY;
  if (!code || !Number.isFinite(ends)) return { rest: 1, whole: 1 };
  const whole = Math.max(Math.ceil((ends - code.at) / 1_000), 1);
  const rest = Math.ceil((ends - Math.max(now, code.at)) / 1_000);
  return { rest: Math.max(Math.min(rest, whole), 0), whole };
}
