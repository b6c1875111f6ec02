// What the API has not stored yet, kept over reloads, so that a message somebody saw in the thread is never lost.
import type { Outgoing } from "./outbox";

const KEPT = "sy-outbox";
/** The oldest beyond this many are forgotten. */
const MOST = 100;
/** The API knows an idempotency key for 24 h; later, sending again could send twice, so a person decides. */
const SAFE_MS = 23 * 3_600_000;

/** What is kept of one; all else is made anew. */
export type Kept = Pick<Outgoing, "key" | "chat" | "session" | "to" | "text" | "at">;

function isKept(value: unknown): value is Kept {
  if (typeof value !== "object" || value === null) return false;
  const one = value as Record<keyof Kept, unknown>;
  return typeof one.at === "number" && [one.key, one.chat, one.session, one.to, one.text].every((each) => typeof each === "string");
}

/** Reads what was kept; what is no message is left out. */
export function parseKept(text: string | null): Kept[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(value) ? value.filter(isKept) : [];
  } catch {
    return [];
  }
}

/** Whether one may be sent again without asking. */
export function isSafe(item: Kept, now: number): boolean {
  return now - item.at < SAFE_MS;
}

export function readKept(): Kept[] {
  return parseKept(localStorage.getItem(KEPT));
}

// Other tabs keep theirs in the same place, so each change reads before it writes.
function write(next: readonly Kept[]): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(next.slice(-MOST)));
  } catch {
    // A full storage loses unsent messages at the next reload, nothing more.
  }
}

export function keep({ key, chat, session, to, text, at }: Kept): void {
  write([...readKept().filter((each) => each.key !== key), { key, chat, session, to, text, at }]);
}

export function forget(key: string): void {
  write(readKept().filter((each) => each.key !== key));
}

export function forgetAll(): void {
  localStorage.removeItem(KEPT);
}
