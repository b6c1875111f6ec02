// Messages on their way to the API: shown at once, sent one after the other within a chat,
// each with an idempotency key, so that trying again can never send twice. They outlive a reload.
import { useSyncExternalStore } from "react";
import type { Message } from "@/api/objects";
import { client } from "@/api/client";
import { type Problem, asProblem, isPassing } from "@/api/problem";
import { type Kept, forget, forgetAll, isSafe, keep, readKept } from "./outbox-kept";

export interface Outgoing {
  /** The idempotency key. */
  key: string;
  chat: string;
  session: string;
  to: string;
  text: string;
  at: number;
  state: "sending" | "refused";
  problem: Problem | null;
  /** The stored message, once known. */
  message: Message | null;
}

type Done = (message: Message) => void;

let all: readonly Outgoing[] = [];
const watchers = new Set<() => void>();
const lines = new Map<string, Promise<void>>();
let done: Done = () => undefined;

function put(next: readonly Outgoing[]): void {
  all = next;
  for (const watcher of watchers) watcher();
}

function change(key: string, patch: Partial<Outgoing>): void {
  put(all.map((each) => (each.key === key ? { ...each, ...patch } : each)));
}

/** What happens to a message when the API has stored it. Set once, at start. */
export function whenStored(then: Done): void {
  done = then;
}

async function post(key: string): Promise<void> {
  const item = all.find((each) => each.key === key);
  if (!item) return;
  change(key, { state: "sending", problem: null });
  try {
    const { data } = await client.POST("/v1/messages", {
      params: { header: { "Idempotency-Key": item.key } },
      body: { session_id: item.session, to: item.to, text: item.text },
    });
    if (data) done(data);
    dropSend(key);
  } catch (error) {
    change(key, { state: "refused", problem: asProblem(error) });
  }
}

function enqueue(chat: string, key: string): void {
  const line = (lines.get(chat) ?? Promise.resolve()).then(() => post(key));
  lines.set(chat, line);
  void line.finally(() => lines.get(chat) === line && lines.delete(chat));
}

function add(item: Kept, state: Outgoing["state"]): void {
  put([...all, { ...item, state, problem: null, message: null }]);
  if (state === "sending") enqueue(item.chat, item.key);
}

/** Sends a text; it is on screen before the API answers. */
export function sendText(words: Pick<Outgoing, "chat" | "session" | "to" | "text">): void {
  const item = { ...words, key: crypto.randomUUID(), at: Date.now() };
  keep(item);
  add(item, "sending");
}

function retryPassing(): void {
  for (const { key, problem } of all) if (problem && isPassing(problem)) retrySend(key);
}

/** Goes on after a reload, and whenever the browser is back on the network; until the answer is called. */
export function resumeSending(): () => void {
  for (const item of readKept()) {
    if (!all.some((each) => each.key === item.key)) add(item, isSafe(item, Date.now()) ? "sending" : "refused");
  }
  addEventListener("online", retryPassing);
  return () => removeEventListener("online", retryPassing);
}

/** Tries a refused one again, under the same key. */
export function retrySend(key: string): void {
  const item = all.find((each) => each.key === key);
  if (item) enqueue(item.chat, key);
}

export function dropSend(key: string): void {
  forget(key);
  put(all.filter((each) => each.key !== key));
}

/** Leaves no words behind at sign-out. */
export function forgetOutbox(): void {
  forgetAll();
  put([]);
}

/** The event of a stored message can overtake the answer of its request: then it is ours. */
export function adoptMessage(message: Message): void {
  if (message.source !== "dashboard" || message.direction !== "outbound") return;
  if (all.some((each) => each.message?.id === message.id)) return;
  const mine = all.find(
    (each) => each.chat === message.chat_id && !each.message && each.state === "sending" && each.text === message.text,
  );
  if (mine) change(mine.key, { message });
}

/** Those of one chat that the thread does not show yet. */
export function useOutgoing(chat: string): readonly Outgoing[] {
  const items = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => all,
  );
  return items.filter((each) => each.chat === chat && !each.message);
}
