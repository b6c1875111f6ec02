// The queues by name, as addresses and choices use them.
import type { Queue } from "@/api/objects";

export type QueueName = Queue["queue"];

/** Every queue, the most urgent first. */
export const QUEUES = [
  "high",
  "default",
  "receipts",
  "receipts_sync",
  "low",
  "maintenance",
  "broadcasts",
  "media",
  "recordings",
] as const satisfies readonly QueueName[];

export function queueOf(value: unknown): QueueName | undefined {
  return QUEUES.find((each) => each === value);
}
