// Folds events into the pages that are on screen. Pure: old pages in, new pages out, and the
// very same object when nothing changed, so nothing is drawn twice.
import type { Chat, ChatPage, Message, MessagePage } from "@/api/objects";
import { mayReplace } from "./status";

export interface Pages<Page> {
  pages: Page[];
  pageParams: unknown[];
}

function withPage<Page>(old: Pages<Page>, index: number, page: Page): Pages<Page> {
  return { ...old, pages: old.pages.map((each, at) => (at === index ? page : each)) };
}

/** Puts a message into its thread: in place when it is there, else where its position says. */
export function foldMessage(old: Pages<MessagePage>, message: Message): Pages<MessagePage> {
  for (const [index, page] of old.pages.entries()) {
    const at = page.data.findIndex((each) => each.id === message.id);
    const known = page.data[at];
    if (!known) continue;
    if (!mayReplace(known.status, message.status)) return old;
    return withPage(old, index, { ...page, data: page.data.with(at, message) });
  }
  const [first] = old.pages;
  if (!first) return old;
  const data = [...first.data];
  const before = data.findIndex((each) => each.position < message.position);
  // Older than everything on the first page: it belongs to a page that may not be loaded.
  if (before < 0 && data.length > 0 && old.pages.length + Number(first.next_cursor !== null) > 1) return old;
  data.splice(before < 0 ? data.length : before, 0, message);
  return withPage(old, 0, { ...first, data });
}

function lastOf(chat: Chat, message: Message): Message | null {
  const last = chat.last_message;
  if (!last) return message;
  if (last.id === message.id) return mayReplace(last.status, message.status) ? message : null;
  return message.position > last.position ? message : null;
}

/** Whether a chat is in the pages. */
export function hasChat(old: Pages<ChatPage>, id: string): boolean {
  return old.pages.some((page) => page.data.some((chat) => chat.id === id));
}

/** Lets a message be the last one of its chat; a newer one lifts the chat to the top. */
export function foldLast(old: Pages<ChatPage>, message: Message, countUnread: boolean): Pages<ChatPage> {
  for (const [index, page] of old.pages.entries()) {
    const at = page.data.findIndex((chat) => chat.id === message.chat_id);
    const chat = page.data[at];
    if (!chat) continue;
    const last = lastOf(chat, message);
    if (!last) return old;
    const arrived = chat.last_message?.id !== message.id;
    const unread = chat.unread + Number(arrived && countUnread);
    const next = { ...chat, last_message: last, last_message_at: last.created_at, unread };
    if (!arrived) return withPage(old, index, { ...page, data: page.data.with(at, next) });
    const rest = withPage(old, index, { ...page, data: page.data.toSpliced(at, 1) });
    const [first] = rest.pages;
    return first ? withPage(rest, 0, { ...first, data: [next, ...first.data] }) : old;
  }
  return old;
}

/** Replaces a chat where it stands. */
export function foldChat(old: Pages<ChatPage>, change: Partial<Chat> & { id: string }): Pages<ChatPage> {
  for (const [index, page] of old.pages.entries()) {
    const at = page.data.findIndex((chat) => chat.id === change.id);
    const chat = page.data[at];
    if (chat) return withPage(old, index, { ...page, data: page.data.with(at, { ...chat, ...change }) });
  }
  return old;
}
