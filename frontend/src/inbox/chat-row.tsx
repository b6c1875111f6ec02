// One chat in the list: who, the last words, when, and how much is unread.
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Chat } from "@/api/objects";
import { Avatar } from "@/parts/avatar";
import { Moment } from "@/parts/time";
import { chatName } from "./chats";
import { useDraft } from "./drafts";
import type { Filter } from "./filter";
import { Marked } from "./marked";
import { useMessageText } from "./message-text";
import { Ticks } from "./ticks";

/** So many letters before what was found are shown: more, and it would stand beyond the end of the line. */
const LEAD = 16;

function Preview({ chat, q }: { chat: Chat; q: string | undefined }) {
  const { t } = useTranslation();
  const draft = useDraft(chat.id);
  const words = useMessageText();
  // In a search, the message that was found rather than the last: else nothing shows why the chat is here.
  const shown = (q && chat.found) || chat.last_message;
  if (draft && !q) {
    return (
      <span className="truncate">
        <span className="text-danger">{t("inbox.draft")}</span> <bdi>{draft}</bdi>
      </span>
    );
  }
  if (!shown) return null;
  return (
    <span className="flex min-w-0 items-center gap-1">
      {shown.direction === "outbound" && <Ticks status={shown.status} />}
      <bdi className="truncate">
        <Marked text={words(shown)} q={q} lead={LEAD} />
      </bdi>
    </span>
  );
}

export function ChatRow({ chat, filter, open }: { chat: Chat; filter: Filter; open: boolean }) {
  const { t } = useTranslation();
  const { q } = filter;
  const name = chatName(chat, t("inbox.unknown_sender"));
  return (
    <Link
      to="/inbox/$chatId"
      params={{ chatId: chat.id }}
      search={{ ...filter, at: chat.found?.id }}
      aria-current={open ? "page" : undefined}
      data-chat={chat.id}
      className={`flex h-full items-center gap-3 border-b border-line px-3 outline-offset-[-2px] transition-colors duration-100 ${open ? "bg-accent-soft" : "hover:bg-sunken"}`}
    >
      <Avatar name={chat.name ?? ""} id={chat.id} />
      <span className="grid min-w-0 grow grid-cols-[minmax(0,1fr)] gap-0.5">
        <span className="flex items-baseline gap-2">
          <span className={`min-w-0 grow ${chat.unread > 0 ? "font-semibold" : "font-medium"}`}>
            {/* Cut at its own end, which in the other direction is not the end of the row. */}
            <bdi dir={chat.name ? "auto" : "ltr"} className="block truncate [text-align:match-parent]">
              <Marked text={name} q={q} />
            </bdi>
          </span>
          {chat.last_message_at && (
            <span className="shrink-0 text-sm text-soft">
              <Moment at={chat.last_message_at} />
            </span>
          )}
        </span>
        <span className="flex items-center gap-2 text-soft">
          <span className="grid min-w-0 grow grid-cols-[minmax(0,1fr)]">
            <Preview chat={chat} q={q} />
          </span>
          {chat.unread > 0 && (
            <span className="grid h-5 min-w-5 shrink-0 place-items-center rounded-full bg-accent px-1.5 text-sm font-medium text-accent-ink tabular-nums">
              <span aria-hidden="true">{chat.unread > 99 ? "99+" : chat.unread}</span>
              <span className="sr-only">{t("inbox.unread", { count: chat.unread })}</span>
            </span>
          )}
        </span>
      </span>
    </Link>
  );
}
