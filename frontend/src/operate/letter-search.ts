// Which dead letters are shown. It lives in the address, so that a view can be kept as a link.
import { type QueueName, queueOf } from "./queue-names";

export interface LetterFilter {
  queue?: QueueName | undefined;
  kind?: string | undefined;
  /** The id of a business. */
  business?: string | undefined;
  /** The code of the last failure. */
  error?: string | undefined;
  /** Not older than so many hours. */
  hours?: number | undefined;
}

/** The ages that the list offers, in hours. */
export const AGES = [1, 24, 168] as const;

const HOUR_MS = 3_600_000;

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Reads the filter out of the address; anything else in it is ignored. */
export function letterSearch(search: Record<string, unknown>): LetterFilter {
  return {
    queue: queueOf(search["queue"]),
    kind: text(search["kind"]),
    business: text(search["business"]),
    error: text(search["error"]),
    hours: AGES.find((each) => each === Number(search["hours"])),
  };
}

/** What the API is asked for, as of an instant. */
export function letterQuery({ queue, kind, business, error, hours }: LetterFilter, now: number) {
  return {
    ...(queue ? { queue } : {}),
    ...(kind ? { kind } : {}),
    ...(business ? { business_id: business } : {}),
    ...(error ? { error } : {}),
    ...(hours ? { since: new Date(now - hours * HOUR_MS).toISOString() } : {}),
  };
}

/** Whether the filter hides anything. */
export function isFiltered(filter: LetterFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}
