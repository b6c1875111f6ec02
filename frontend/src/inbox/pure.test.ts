// The pure parts of the inbox: drafts, the kept outbox, links, items of a thread, phone numbers, the limit of a text.
import { describe, expect, test } from "vitest";
import type { Message } from "@/api/objects";
import { withDraft } from "./drafts";
import { withLinks } from "./links";
import type { Outgoing } from "./outbox";
import { isSafe, parseKept } from "./outbox-kept";
import { toE164 } from "./phone";
import { charactersOver } from "./text-limit";
import { threadItems } from "./thread-items";

const message = (id: string, at: string, direction: "inbound" | "outbound") => ({ id, created_at: at, direction }) as unknown as Message;

describe("drafts", () => {
  test("keep the newest last and forget an empty one", () => {
    const two = withDraft(withDraft({}, "a", "one"), "b", "two");
    expect(Object.keys(withDraft(two, "a", "again"))).toEqual(["b", "a"]);
    expect(withDraft(two, "b", "  ")).toEqual({ a: "one" });
  });

  test("are bounded", () => {
    let drafts = {};
    for (let each = 0; each < 250; each += 1) drafts = withDraft(drafts, `chat_${each}`, "x");
    expect(Object.keys(drafts)).toHaveLength(200);
    expect(drafts).not.toHaveProperty("chat_0");
  });
});

describe("the kept outbox", () => {
  const item = { key: "k", chat: "chat_1", session: "ses_1", to: "+972501234567", text: "hello", at: 1_000 };

  test("reads what it can and leaves out what is no message", () => {
    expect(parseKept(JSON.stringify([item, { key: 1 }, null]))).toEqual([item]);
    expect(parseKept("{")).toEqual([]);
    expect(parseKept(null)).toEqual([]);
  });

  test("asks a person before it sends again what the API may have forgotten", () => {
    expect(isSafe(item, 1_000 + 22 * 3_600_000)).toBe(true);
    expect(isSafe(item, 1_000 + 24 * 3_600_000)).toBe(false);
  });
});

const links = (text: string) => withLinks(text).flatMap(({ href }) => href ?? []);

describe("links in a text", () => {
  test("are found, without the marks of the sentence around them", () => {
    expect(links("see https://example.com/x?y=1, or (http://a.example).")).toEqual(["https://example.com/x?y=1", "http://a.example"]);
    expect(links("לינק: https://example.com/שלום!")).toEqual(["https://example.com/שלום"]);
  });

  test("lead nowhere but to the web, and no word is lost", () => {
    expect(links("javascript:alert(1) data:text/html,x http:// example.com")).toEqual([]);
    const text = "a https://b.example c";
    expect(withLinks(text).map((piece) => piece.text).join("")).toBe(text);
  });
});

describe("the items of a thread", () => {
  test("are oldest first, with one line per day and the newest outbound marked", () => {
    const pages = [
      { data: [message("c", "2026-01-02T12:00:00Z", "inbound"), message("b", "2026-01-02T11:00:00Z", "outbound")], next_cursor: null },
      { data: [message("a", "2026-01-01T11:00:00Z", "outbound")], next_cursor: null },
    ];
    const outgoing = [] as Outgoing[];
    const items = threadItems(pages, outgoing);
    expect(items.map((item) => item.kind)).toEqual(["day", "message", "day", "message", "message"]);
    expect(items.flatMap((item) => (item.kind === "message" && item.newestOut ? [item.key] : []))).toEqual(["b"]);
    expect(new Set(items.map((item) => item.key)).size).toBe(items.length);
  });
});

describe("a phone number", () => {
  test.each([
    ["+972 50-123 4567", "+972501234567"],
    ["00972501234567", "+972501234567"],
    ["972501234567", "+972501234567"],
    ["\u2066+1 (202) 555-0123\u2069", "+12025550123"],
  ])("is read from %s", (typed, read) => expect(toE164(typed)).toBe(read));

  test.each(["", "050-1234567", "12345", "+1234567890123456", "abc"])("is not %s", (typed) => expect(toE164(typed)).toBeNull());
});

describe("the limit of a text", () => {
  test("counts characters, not UTF-16 units", () => {
    expect(charactersOver("x".repeat(4_096))).toBe(0);
    expect(charactersOver("x".repeat(4_098))).toBe(2);
    expect(charactersOver("😀".repeat(4_096))).toBe(0);
  });
});
