// The chats, as far as they are loaded, and marking one as read.
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, client } from "@/api/client";
import type { Chat, ChatPage } from "@/api/objects";
import { type Pages, foldChat } from "@/live/fold";
import { type Filter, chatQuery } from "./filter";

const PAGE = 50;

/** The chats that the filter lets through, newest first, a page at a time. */
export function useChats(filter: Filter) {
  const query = api.useInfiniteQuery(
    "get",
    "/v1/chats",
    { params: { query: { ...chatQuery(filter), limit: PAGE } } },
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

/** One chat: from the list when a loaded page holds it, else asked for by itself. */
export function useChat(id: string): Chat | undefined {
  const { chats, isPending } = useChats({});
  const listed = chats?.find((each) => each.id === id);
  const single = api.useQuery("get", "/v1/chats/{id}", { params: { path: { id } } }, { enabled: !isPending && !listed });
  return listed ?? single.data;
}

/** Marks a chat as read: here at once, on the server soon. */
export function useMarkRead(): (id: string) => void {
  const queries = useQueryClient();
  return useMemo(
    () => (id: string) => {
      queries.setQueriesData<Pages<ChatPage>>({ queryKey: ["get", "/v1/chats"] }, (old) => (old && "pages" in old ? foldChat(old, { id, unread: 0 }) : old));
      // A mark that does not arrive shows again with the next reading of the list.
      client.POST("/v1/chats/{id}/read", { params: { path: { id } } }).catch(() => undefined);
    },
    [queries],
  );
}
