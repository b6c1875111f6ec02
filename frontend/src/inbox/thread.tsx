// The open chat: who it is, its messages, and the place to answer.
import { useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { listenTo } from "@/live/listeners";
import { PageProblem } from "@/parts/states";
import { chatName, useChat, useMarkRead } from "./chats";
import { Composer } from "./composer";
import { useMessageText } from "./message-text";
import { ThreadHeader } from "./thread-header";
import { ThreadList, ThreadLoading } from "./thread-list";

/** Marks the chat as read whenever it is on screen and has something unread. */
function useReading(id: string, unread: number): void {
  const markRead = useMarkRead();
  useEffect(() => {
    const read = () => document.visibilityState === "visible" && markRead(id);
    if (unread > 0) read();
    const stop = listenTo(id, read);
    const visible = () => unread > 0 && read();
    document.addEventListener("visibilitychange", visible);
    return () => {
      stop();
      document.removeEventListener("visibilitychange", visible);
    };
  }, [id, unread, markRead]);
}

function Announcer({ chat, name }: { chat: string; name: string }) {
  const { t } = useTranslation();
  const words = useMessageText();
  const [text, setText] = useState("");
  useEffect(() => listenTo(chat, (message) => setText(t("inbox.new_message", { name, text: words(message) }))));
  return (
    <p aria-live="polite" className="sr-only">
      {text}
    </p>
  );
}

function Thread({ id }: { id: string }) {
  const { t } = useTranslation();
  const chat = useChat(id);
  const query = api.useInfiniteQuery(
    "get",
    "/v1/chats/{id}/messages",
    { params: { path: { id } } },
    { initialPageParam: null, getNextPageParam: (last) => last.next_cursor },
  );
  useReading(id, chat?.unread ?? 0);
  const name = chat ? chatName(chat, t("inbox.unknown_sender")) : "";
  if (query.isError && !query.data) return <PageProblem error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <>
      <ThreadHeader chat={chat} name={name} />
      {query.data ? <ThreadList id={id} name={name} query={query} /> : <ThreadLoading />}
      {chat && <Composer chat={chat} />}
      <Announcer chat={id} name={name} />
    </>
  );
}

export function ThreadPage() {
  const { chatId } = useParams({ from: "/frame/inbox/$chatId" });
  return <Thread key={chatId} id={chatId} />;
}
