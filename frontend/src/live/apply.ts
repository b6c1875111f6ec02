// Brings each event to what is on screen: folds what it can, reads again what it cannot know.
import type { QueryClient } from "@tanstack/react-query";
import type { ChatPage, Event, Message, MessagePage } from "@/api/objects";
import { adoptMessage } from "@/inbox/outbox";
import { type Pages, foldLast, foldMessage, hasChat } from "./fold";
import { listenerCount, tellListeners } from "./listeners";

const CHATS = ["get", "/v1/chats"] as const;
const CHAT = ["get", "/v1/chats/{id}"] as const;
const SESSIONS = ["get", "/v1/sessions"] as const;
const THREAD = "/v1/chats/{id}/messages";

/** Several events in one burst cause one reading of the list. */
const GATHER_MS = 400;

let gathering: ReturnType<typeof setTimeout> | undefined;

function readChatsSoon(queries: QueryClient): void {
  gathering ??= setTimeout(() => {
    gathering = undefined;
    for (const queryKey of [CHATS, CHAT]) void queries.invalidateQueries({ queryKey });
  }, GATHER_MS);
}

/** The key of a thread, as the hooks of the API client make it. */
export function threadKey(chat: string) {
  return ["get", THREAD, { params: { path: { id: chat } } }] as const;
}

function isMessage(data: unknown): data is Message {
  return typeof data === "object" && data !== null && "chat_id" in data && "position" in data;
}

/** Two chats turned out to be with one person: from which, to which. */
export function mergedChats(event: Event): { from: string; to: string } | null {
  if (event.type !== "contact.merged" || typeof event.data !== "object" || event.data === null) return null;
  const { chat_id: to, merged_chat_id: from } = event.data as Record<string, unknown>;
  return typeof from === "string" && typeof to === "string" ? { from, to } : null;
}

function applyMessage(queries: QueryClient, message: Message, received: boolean): void {
  adoptMessage(message);
  queries.setQueryData<Pages<MessagePage>>(threadKey(message.chat_id), (old) => old && foldMessage(old, message));
  let known = false;
  const open = listenerCount(message.chat_id) > 0 && document.visibilityState === "visible";
  queries.setQueriesData<Pages<ChatPage>>({ queryKey: CHATS }, (old) => {
    if (!old) return old;
    known ||= hasChat(old, message.chat_id);
    return foldLast(old, message, received && !open);
  });
  if (!known) readChatsSoon(queries);
  if (received) tellListeners(message);
}

/** Applies one event. */
export function applyEvent(queries: QueryClient, event: Event): void {
  if (event.type === "session.status") {
    void queries.invalidateQueries({ queryKey: SESSIONS });
  } else if (event.type === "contact.merged") {
    readChatsSoon(queries);
    void queries.invalidateQueries({ queryKey: ["get", THREAD] });
  } else if (event.type === "chat.updated") {
    readChatsSoon(queries);
  } else if (event.type.startsWith("message.") && isMessage(event.data)) {
    applyMessage(queries, event.data, event.type === "message.received");
  }
}

/** Reads everything again: after a gap, nothing on screen is known to be true. */
export function readAll(queries: QueryClient): void {
  for (const queryKey of [CHATS, CHAT, SESSIONS, ["get", THREAD]]) void queries.invalidateQueries({ queryKey });
}
