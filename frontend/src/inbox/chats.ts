// The chats, as far as they are loaded, and marking one as read.
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, client } from "@/api/client";
import type { Chat, ChatPage, Message } from "@/api/objects";
import { type Pages, foldChat } from "@/live/fold";

const PAGE = 50;

/** The chats that match `q`, newest first, a page at a time. */
export function useChats(q: string | undefined) {
  const query = api.useInfiniteQuery(
    "get",
    "/v1/chats",
    { params: { query: q ? { q, limit: PAGE } : { limit: PAGE } } },
    { initialPageParam: null, getNextPageParam: (last) => last.next_cursor },
  );
  const pages = query.data?.pages;
  const chats = useMemo(() => pages?.flatMap((page) => page.data), [pages]);
  return { ...query, chats };
}

export function chatName(chat: Pick<Chat, "name" | "phone" | "lid">, unknown: string): string {
  return chat.name || chat.phone || chat.lid || unknown;
}

/** Where an answer in this chat goes; null when nothing is known to write to. */
export function recipientOf(chat: Pick<Chat, "kind" | "phone" | "lid">): string | null {
  if (chat.kind === "group") return null;
  return chat.phone ?? (chat.lid === null ? null : `${chat.lid}@lid`);
}

/** What is known of a chat that no loaded page holds, from one of its messages. */
export function chatFromMessage(message: Message): Chat {
  const peer = message.direction === "inbound" ? message.from : message.to;
  const lid = peer?.endsWith("@lid") ? peer.slice(0, -4) : null;
  return {
    id: message.chat_id,
    session_id: message.session_id,
    contact_id: null,
    kind: "person",
    phone: lid === null ? peer : null,
    lid,
    name: null,
    unread: 0,
    last_message: message,
    last_message_at: message.created_at,
  };
}

/** Marks a chat as read: here at once, on the server soon. */
export function useMarkRead(): (id: string) => void {
  const queries = useQueryClient();
  return useMemo(
    () => (id: string) => {
      queries.setQueriesData<Pages<ChatPage>>({ queryKey: ["get", "/v1/chats"] }, (old) => old && foldChat(old, { id, unread: 0 }));
      // A mark that does not arrive shows again with the next reading of the list.
      client.POST("/v1/chats/{id}/read", { params: { path: { id } } }).catch(() => undefined);
    },
    [queries],
  );
}
