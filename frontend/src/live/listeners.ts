// Who has which chat open: an inbound message in an open chat is read at once, and announced.
import type { Message } from "@/api/objects";

type Listener = (message: Message) => void;

const open = new Map<string, Set<Listener>>();

/** Calls `listener` for each message received in the chat, until the answer is called. */
export function listenTo(chat: string, listener: Listener): () => void {
  const listeners = open.get(chat) ?? new Set();
  open.set(chat, listeners.add(listener));
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) open.delete(chat);
  };
}

export function listenerCount(chat: string): number {
  return open.get(chat)?.size ?? 0;
}

export function tellListeners(message: Message): void {
  for (const listener of open.get(message.chat_id) ?? []) listener(message);
}
