// Keeps the live line up: connects, resumes after the last event seen, backs off when the
// server is away, and hands every event on exactly once and in order.
import type { Event } from "@/api/objects";
import { asProblem } from "@/api/problem";
import { setLine } from "./line";
import { leadInOneTab } from "./leader";
import { type Share, lineNow, openShare } from "./share";
import { readStream } from "./stream";

/** A line that comes back within this time was never "down" to the reader. */
const GRACE_MS = 1_500;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export interface LiveHandlers {
  onEvent(event: Event): void;
  /** Events were missed or the resume point is lost: read everything again. */
  onGap(): void;
  onSignedOut(): void;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}

class Live {
  private seen: number | null = null;
  private readonly stop = new AbortController();
  private readonly share: Share;
  private leading = false;
  private falling: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly on: LiveHandlers) {
    this.share = openShare((message) => {
      if (message.kind === "event") this.take(message.event);
      else if (message.kind === "reset") this.lose(message.seq);
      else if (message.kind === "line") setLine(message.line.state, message.line.since);
      else if (this.leading) this.share.tell(lineNow());
    });
    this.share.tell({ kind: "who" });
    leadInOneTab(this.stop.signal, (until) => this.lead(until));
  }

  close(): void {
    clearTimeout(this.falling);
    this.stop.abort();
    this.share.close();
  }

  private take(event: Event): void {
    if (this.seen !== null && event.seq <= this.seen) return;
    const gap = this.seen !== null && event.seq > this.seen + 1;
    this.seen = event.seq;
    if (gap) this.on.onGap();
    this.on.onEvent(event);
  }

  private lose(seq: number | null): void {
    this.seen = seq;
    this.on.onGap();
  }

  private mark(state: "live" | "down", since = Date.now()): void {
    clearTimeout(this.falling);
    this.falling = undefined;
    setLine(state, since);
    this.share.tell(lineNow());
  }

  private fall(): void {
    const since = Date.now();
    this.falling ??= setTimeout(() => this.mark("down", since), GRACE_MS);
  }

  private async lead(until: AbortSignal): Promise<void> {
    this.leading = true;
    let wait = FIRST_WAIT_MS;
    while (!until.aborted) {
      try {
        await this.hold(until, () => (wait = FIRST_WAIT_MS));
      } catch (error) {
        if (asProblem(error).status === 401) {
          this.on.onSignedOut();
          return;
        }
      }
      if (until.aborted) break;
      this.fall();
      await pause(wait * (0.75 + Math.random() / 2), until);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
    clearTimeout(this.falling);
    this.falling = undefined;
    this.leading = false;
  }

  /** Holds one connection until it ends or the machine goes offline. */
  private async hold(until: AbortSignal, opened: () => void): Promise<void> {
    const offline = new AbortController();
    const cut = () => offline.abort();
    addEventListener("offline", cut, { once: true });
    const resumed = this.seen !== null;
    try {
      await readStream(this.seen, AbortSignal.any([until, offline.signal]), {
        onOpen: () => {
          opened();
          this.mark("live");
          if (!resumed) this.on.onGap();
        },
        onEvent: (event) => {
          this.share.tell({ kind: "event", event });
          this.take(event);
        },
        onReset: (seq) => {
          this.share.tell({ kind: "reset", seq });
          this.lose(seq);
        },
      });
    } finally {
      removeEventListener("offline", cut);
    }
  }
}

/** Starts the live line; the answer ends it. */
export function startLive(on: LiveHandlers): () => void {
  const live = new Live(on);
  return () => live.close();
}
