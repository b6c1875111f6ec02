// The status of a message only moves forward, whatever order news arrives in.
import type { MessageStatus } from "@/api/objects";

const RANK: Record<MessageStatus, number> = {
  queued: 0,
  received: 0,
  sending: 1,
  failed: 2,
  sent: 3,
  delivered: 4,
  read: 5,
};

/** Whether news of `next` may replace what is shown as `now`. */
export function mayReplace(now: MessageStatus, next: MessageStatus): boolean {
  return RANK[next] >= RANK[now];
}
