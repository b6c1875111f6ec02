// The current code of a link attempt, by long poll: each answer replaces what is shown, so a
// stale code is never on screen.
import { useEffect, useState } from "react";
import { client } from "@/api/client";
import type { LinkCode } from "@/api/objects";
import { type Problem, asProblem, isPassing } from "@/api/problem";

const WAIT_S = 20;
const CALM_MS = 1_500;
/** A fresh connect takes a moment to show: an end seen sooner is the one before it. */
const SETTLE_MS = 5_000;
const LOOK_AGAIN_MS = 250;

export interface Shown extends LinkCode {
  /** When this code arrived, in milliseconds. */
  at: number;
}

interface Poll {
  code: Shown | null;
  problem: Problem | null;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** States from which no further code comes without a new connect. */
export function isFinal(state: LinkCode["state"]): boolean {
  return ["connected", "restricted", "disconnected", "logged_out", "replaced", "failed", "created"].includes(state);
}

function isUp(state: LinkCode["state"]): boolean {
  return state === "connected" || state === "restricted";
}

async function follow(id: string, signal: AbortSignal, show: (poll: Poll) => void): Promise<void> {
  let after: string | undefined;
  let begun = false;
  let shown: Shown | null = null;
  const start = Date.now();
  while (!signal.aborted) {
    try {
      const { data, response } = await client.GET("/v1/sessions/{id}/qr", {
        params: { path: { id }, query: after === undefined ? { wait: 0 } : { wait: WAIT_S, after } },
        signal,
        cache: "no-store",
      });
      after = response.headers.get("etag") ?? after;
      // The same address draws the code as a picture too, for who asks for one.
      if (!data || typeof data !== "object") continue;
      begun ||= !isFinal(data.state) || isUp(data.state);
      if (!begun && Date.now() - start < SETTLE_MS) {
        after = undefined;
        await pause(LOOK_AGAIN_MS, signal);
        continue;
      }
      // The same code again, after a poll that saw no change, keeps the time of its arrival.
      const same: boolean = shown !== null && shown.qr === data.qr;
      shown = { ...data, at: same && shown ? shown.at : Date.now() };
      show({ code: shown, problem: null });
      if (isFinal(data.state)) return;
      if (response.headers.get("etag") === null) await pause(CALM_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      const problem = asProblem(error);
      show({ code: null, problem });
      if (!isPassing(problem) && problem.status !== 429) return;
      await pause(problem.retryAfter ? problem.retryAfter * 1_000 : CALM_MS, signal);
    }
  }
}

/** Follows the codes of one link attempt. */
export function useLinkCode(id: string): Poll {
  const [poll, setPoll] = useState<Poll>({ code: null, problem: null });
  useEffect(() => {
    const stop = new AbortController();
    void follow(id, stop.signal, setPoll);
    return () => stop.abort();
  }, [id]);
  return poll;
}
