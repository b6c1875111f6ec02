// Brings each event to what is on screen: folds what it can, reads again what it cannot know.
import type { QueryClient } from "@tanstack/react-query";
import type { Chat, ChatPage, Event, Message, MessagePage, Session, SessionPage } from "@/api/objects";
import { adoptMessage } from "@/inbox/outbox";
import { readAgainSoon } from "./again";
import { type Pages, foldChat, foldLast, foldMessage, hasChat } from "./fold";
import { listenerCount, tellListeners } from "./listeners";

const CALLS = ["get", "/v1/calls"] as const;
const CALL = ["get", "/v1/calls/{call_sid}"] as const;
const LOAD = ["get", "/v1/call-load"] as const;
const CHATS = ["get", "/v1/chats"] as const;
const CHAT = ["get", "/v1/chats/{id}"] as const;
const SESSIONS = ["get", "/v1/sessions"] as const;
const THREAD = ["get", "/v1/chats/{id}/messages"] as const;

/** The key of a thread, as the hooks of the API client make it. */
export function threadKey(chat: string) {
  return [...THREAD, { params: { path: { id: chat } } }] as const;
}

function has<Key extends string>(data: unknown, ...keys: Key[]): data is Record<Key, unknown> {
  return typeof data === "object" && data !== null && keys.every((key) => key in data);
}

/** Two chats turned out to be with one person: from which, to which. */
export function mergedChats(event: Event): { from: string; to: string } | null {
  const data: unknown = event.data;
  if (event.type !== "contact.merged" || !has(data, "chat_id", "merged_chat_id")) return null;
  const { chat_id: to, merged_chat_id: from } = data;
  return typeof from === "string" && typeof to === "string" ? { from, to } : null;
}

/** Changes every loaded list of chats; a list that lacks the chat is read again, for it may belong there now. */
function changeChats(queries: QueryClient, id: string, change: (old: Pages<ChatPage>) => Pages<ChatPage>): void {
  for (const [key, old] of queries.getQueriesData<Pages<ChatPage>>({ queryKey: CHATS })) {
    // Other questions at the same address, such as those of the palette, are not in pages.
    if (!old || !("pages" in old)) continue;
    if (hasChat(old, id)) queries.setQueryData(key, change(old));
    else readAgainSoon(queries, key, CHAT);
  }
}

function applyMessage(queries: QueryClient, message: Message, type: Event["type"]): void {
  const arrived = type === "message.received" || type === "message.waiting";
  adoptMessage(message);
  queries.setQueryData<Pages<MessagePage>>(threadKey(message.chat_id), (old) => old && foldMessage(old, message));
  const open = listenerCount(message.chat_id) > 0 && document.visibilityState === "visible";
  changeChats(queries, message.chat_id, (old) => foldLast(old, message, arrived && !open));
  if (type === "message.received") tellListeners(message);
}

function applySession(queries: QueryClient, session: Session): void {
  queries.setQueriesData<SessionPage>({ queryKey: SESSIONS }, (old) => {
    const at = old?.data.findIndex((each) => each.id === session.id) ?? -1;
    return old && at >= 0 ? { ...old, data: old.data.with(at, session) } : old;
  });
  // New ones, removed ones, and the counts that no event tells.
  readAgainSoon(queries, SESSIONS);
}

/** Applies one event. */
export function applyEvent(queries: QueryClient, event: Event): void {
  const data: unknown = event.data;
  if (event.type === "session.status" && has(data, "id", "state")) {
    applySession(queries, data as unknown as Session);
  } else if (event.type === "contact.merged") {
    readAgainSoon(queries, CHATS, CHAT, THREAD);
  } else if (event.type === "chat.updated" && has(data, "id", "unread")) {
    // An event knows of no search: what was found stays.
    const { found: _, ...chat } = data as unknown as Chat;
    changeChats(queries, chat.id, (old) => foldChat(old, chat));
  } else if (event.type.startsWith("call.") || event.type === "recording.ready") {
    readAgainSoon(queries, CALLS, CALL, LOAD);
  } else if (event.type.startsWith("message.") && has(data, "id", "chat_id", "position", "status")) {
    applyMessage(queries, data as unknown as Message, event.type);
  }
}

/** Reads everything again: after a gap, nothing on screen is known to be true. */
export function readAll(queries: QueryClient): void {
  for (const queryKey of [CALLS, CALL, LOAD, CHATS, CHAT, SESSIONS, THREAD]) void queries.invalidateQueries({ queryKey });
}
