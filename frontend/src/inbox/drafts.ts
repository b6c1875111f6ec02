// What was typed but not sent, kept per chat over reloads, and forgotten at sign-out.
import { useSyncExternalStore } from "react";

const KEPT = "sy-drafts";
/** The oldest drafts beyond this many are forgotten. */
const MOST = 200;

export type Drafts = Readonly<Record<string, string>>;

let drafts: Drafts | null = null;
const watchers = new Set<() => void>();

function read(): Drafts {
  if (drafts) return drafts;
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    drafts = typeof value === "object" && value !== null ? (value as Drafts) : {};
  } catch {
    drafts = {};
  }
  return drafts;
}

/** The drafts with one changed: the newest last, at most `MOST`; an empty one is forgotten. */
export function withDraft(all: Drafts, chat: string, text: string): Drafts {
  const rest = Object.entries(all).filter(([id]) => id !== chat);
  const next = text.trim() === "" ? rest : [...rest, [chat, text] as const];
  return Object.fromEntries(next.slice(-MOST));
}

export function keepDraft(chat: string, text: string): void {
  drafts = withDraft(read(), chat, text);
  try {
    localStorage.setItem(KEPT, JSON.stringify(drafts));
  } catch {
    // A full storage loses drafts at the next reload, nothing more.
  }
  for (const watcher of watchers) watcher();
}

export function useDraft(chat: string): string {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => read()[chat] ?? "",
  );
}

export function forgetDrafts(): void {
  drafts = {};
  localStorage.removeItem(KEPT);
  for (const watcher of watchers) watcher();
}
