// The inbox: the chats at the start, the open one beside it; one of the two on a phone.
import { Outlet, useMatches, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useKeys } from "@/frame/keys";
import { useTitle } from "@/parts/title";
import { ChatList } from "./chat-list";
import { useChats } from "./chats";
import { NewChat } from "./new-chat";

/** The open chat of the address. */
function useOpenChat(): string | undefined {
  const matches = useMatches();
  const last = matches.at(-1);
  return last && "chatId" in last.params ? last.params.chatId : undefined;
}

export function InboxPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const filter = useSearch({ from: "/frame/inbox" });
  const open = useOpenChat();
  const query = useChats(filter);
  const [writing, setWriting] = useState(false);
  useTitle(t("inbox.title"));

  const step = (by: number) => {
    const chats = query.chats ?? [];
    const at = chats.findIndex((chat) => chat.id === open);
    const next = chats[at < 0 ? 0 : at + by];
    if (next) void navigate({ to: "/inbox/$chatId", params: { chatId: next.id }, search: { ...filter, at: next.found?.id } });
  };
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    n: () => setWriting(true),
    r: () => document.getElementById("composer")?.focus(),
    "/": () => document.getElementById("chat-search")?.focus(),
  });

  return (
    <div className="flex min-h-0 grow">
      <h1 className="sr-only">{t("inbox.title")}</h1>
      <section
        aria-label={t("inbox.chats")}
        className={`w-full shrink-0 flex-col border-line bg-raised sm:w-85 sm:border-e ${open ? "hidden sm:flex" : "flex"}`}
      >
        <ChatList query={query} filter={filter} open={open} onNew={() => setWriting(true)} />
      </section>
      <div className={`min-w-0 grow flex-col ${open ? "flex" : "hidden sm:flex"}`}>
        <Outlet />
      </div>
      {writing && <NewChat onClose={() => setWriting(false)} />}
    </div>
  );
}
