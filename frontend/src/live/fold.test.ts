// Folding events into pages: order, forward-only status, unread, and no needless change.
import { describe, expect, test } from "vitest";
import type { Chat, ChatPage, Message, MessagePage } from "@/api/objects";
import { type Pages, foldChat, foldLast, foldMessage, hasChat } from "./fold";

function message(position: number, more: Partial<Message> = {}): Message {
  return {
    id: `msg_${position}`,
    session_id: "ses_1",
    chat_id: "chat_1",
    wa_id: "3EB0",
    direction: "outbound",
    kind: "text",
    from: null,
    to: "+972501234567",
    text: "words",
    media: null,
    reply_to: null,
    status: "queued",
    error: null,
    source: "dashboard",
    position,
    expires_at: null,
    created_at: "2026-01-01T00:00:00.000Z",
    sent_at: null,
    delivered_at: null,
    read_at: null,
    ...more,
  };
}

function chat(id: string, last: Message | null, unread = 0): Chat {
  return {
    id,
    session_id: "ses_1",
    contact_id: null,
    kind: "person",
    phone: "+972501234567",
    lid: null,
    name: null,
    unread,
    last_message: last,
    last_message_at: last?.created_at ?? null,
    found: null,
  };
}

function pages<Page>(...all: Page[]): Pages<Page> {
  return { pages: all, pageParams: [] };
}

const thread = (cursor: string | null, ...positions: number[]): MessagePage => ({ data: positions.map((each) => message(each)), next_cursor: cursor });
const positions = (all: Pages<MessagePage>) => all.pages.flatMap((page) => page.data.map((each) => each.position));

const list = (...data: Chat[]): Pages<ChatPage> => pages({ data, next_cursor: null });

describe("a thread", () => {
  test("takes a new message first, and the same one only once", () => {
    const old = pages(thread(null, 3, 2, 1));
    const next = foldMessage(old, message(4));
    expect(positions(next)).toEqual([4, 3, 2, 1]);
    expect(positions(foldMessage(next, message(4)))).toEqual([4, 3, 2, 1]);
  });

  test("puts a late message where its position says", () => {
    expect(positions(foldMessage(pages(thread(null, 5, 3)), message(4)))).toEqual([5, 4, 3]);
  });

  test("leaves a message alone that belongs to a page that is not loaded", () => {
    const old = pages(thread("more", 9, 8));
    expect(foldMessage(old, message(2))).toBe(old);
  });

  test("moves a status forward and never back", () => {
    const old = pages(thread(null, 1));
    const read = foldMessage(old, message(1, { status: "read" }));
    expect(read.pages[0]?.data[0]?.status).toBe("read");
    expect(foldMessage(read, message(1, { status: "delivered" }))).toBe(read);
  });
});

describe("the list of chats", () => {
  test("lifts the chat of a new message and counts it", () => {
    const old = list(chat("chat_0", message(9)), chat("chat_1", message(1)));
    const next = foldLast(old, message(2, { direction: "inbound", status: "received" }), true);
    expect(next.pages[0]?.data.map((each) => [each.id, each.unread])).toEqual([
      ["chat_1", 1],
      ["chat_0", 0],
    ]);
  });

  test("shows a new status of the last message without moving its chat", () => {
    const old = list(chat("chat_0", message(9)), chat("chat_1", message(1)));
    const next = foldLast(old, message(1, { status: "sent" }), false);
    expect(next.pages[0]?.data[1]?.last_message?.status).toBe("sent");
    expect(next.pages[0]?.data[1]?.unread).toBe(0);
  });

  test("is left as it is by news of an older message", () => {
    const old = list(chat("chat_1", message(5)));
    expect(foldLast(old, message(3, { status: "read" }), false)).toBe(old);
  });

  test("knows its chats and changes one in place", () => {
    const old = list(chat("chat_1", null, 4));
    expect(hasChat(old, "chat_1")).toBe(true);
    expect(hasChat(old, "chat_2")).toBe(false);
    expect(foldChat(old, { id: "chat_1", unread: 0 }).pages[0]?.data[0]?.unread).toBe(0);
    expect(foldChat(old, { id: "chat_2", unread: 0 })).toBe(old);
  });
});
