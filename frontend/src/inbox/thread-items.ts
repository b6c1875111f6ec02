// What the thread shows, oldest first: messages, what is on its way, and a line per day.
import type { Message, MessagePage } from "@/api/objects";
import type { Outgoing } from "./outbox";

export type Item =
  | { kind: "day"; key: string; at: Date }
  | { kind: "message"; key: string; message: Message; newestOut: boolean }
  | { kind: "outgoing"; key: string; outgoing: Outgoing };

function dayOf(at: Date): string {
  return `${at.getFullYear()}-${at.getMonth() + 1}-${at.getDate()}`;
}

/** Builds the items from the loaded pages (newest first) and the outbox. */
export function threadItems(pages: readonly MessagePage[], outgoing: readonly Outgoing[]): Item[] {
  const messages = pages.flatMap((page) => page.data).toReversed();
  const newestOut = messages.findLast((message) => message.direction === "outbound");
  const items: Item[] = [];
  let day = "";
  const open = (at: Date) => {
    const next = dayOf(at);
    if (next !== day) items.push({ kind: "day", key: `day-${next}`, at });
    day = next;
  };
  for (const message of messages) {
    open(new Date(message.created_at));
    items.push({ kind: "message", key: message.id, message, newestOut: message === newestOut && outgoing.length === 0 });
  }
  for (const each of outgoing) {
    open(new Date(each.at));
    items.push({ kind: "outgoing", key: each.key, outgoing: each });
  }
  return items;
}
