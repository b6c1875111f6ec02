// The open chat: who it is, its messages, and the place to answer.
import { useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { useKeys } from "@/frame/keys";
import { listenTo } from "@/live/listeners";
import { THREE_PANES, useMedia } from "@/look/media";
import { Sheet } from "@/parts/dialog";
import { PageProblem } from "@/parts/states";
import { chatName, useChat, useMarkRead } from "./chats";
import { Composer } from "./composer";
import { ContactDetails } from "./contact-pane";
import { useContactShown } from "./contact-shown";
import { useMessageText } from "./message-text";
import { ThreadHeader } from "./thread-header";
import { ThreadList, ThreadLoading } from "./thread-list";

/** A chat that is open for less was passed by, not read. */
const READING_MS = 700;

/** Marks the chat as read once it has been on screen for a moment and has something unread. */
function useReading(id: string, unread: number): void {
  const markRead = useMarkRead();
  useEffect(() => {
    const read = () => document.visibilityState === "visible" && markRead(id);
    const visible = () => unread > 0 && read();
    const opened = setTimeout(visible, READING_MS);
    const stop = listenTo(id, read);
    document.addEventListener("visibilitychange", visible);
    return () => {
      clearTimeout(opened);
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

function Thread({ id, sought }: { id: string; sought: string | undefined }) {
  const { t } = useTranslation();
  const chat = useChat(id);
  const query = api.useInfiniteQuery(
    "get",
    "/v1/chats/{id}/messages",
    { params: { path: { id } } },
    { initialPageParam: null, getNextPageParam: (last) => last.next_cursor },
  );
  useReading(id, chat?.unread ?? 0);
  const roomy = useMedia(THREE_PANES);
  const [shown, show] = useContactShown();
  const [asked, setAsked] = useState(false);
  const toggle = () => (roomy ? show(!shown) : setAsked(!asked));
  useKeys({ i: toggle });
  const name = chat ? chatName(chat, t("inbox.unknown_sender")) : "";
  if (query.isError && !query.data) return <PageProblem error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <div className="flex min-h-0 grow">
      <div className="flex min-h-0 min-w-0 grow flex-col">
        <ThreadHeader chat={chat} name={name} details={roomy ? shown : asked} onDetails={toggle} />
        {query.data ? <ThreadList id={id} name={name} sought={sought} query={query} /> : <ThreadLoading />}
        {chat && <Composer chat={chat} />}
        <Announcer chat={id} name={name} />
      </div>
      {chat && roomy && shown && (
        <aside aria-label={t("contact.title")} className="w-75 shrink-0 overflow-y-auto border-s border-line bg-raised p-5">
          <ContactDetails chat={chat} name={name} />
        </aside>
      )}
      {chat && !roomy && asked && (
        <Sheet title={t("contact.title")} onClose={() => setAsked(false)}>
          <ContactDetails chat={chat} name={name} />
        </Sheet>
      )}
    </div>
  );
}

export function ThreadPage() {
  const { chatId } = useParams({ from: "/frame/inbox/$chatId" });
  const { at } = useSearch({ from: "/frame/inbox/$chatId" });
  return <Thread key={chatId} id={chatId} sought={at} />;
}
