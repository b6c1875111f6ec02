// Which chats the list shows. It lives in the address, so that a view can be kept as a link.

export interface Filter {
  /** Part of a name, a number or a message. */
  q?: string | undefined;
  /** Only chats with unread messages. */
  unread?: true | undefined;
  /** Only the chats of this number, by its id. */
  number?: string | undefined;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Reads the filter out of the address; anything else in it is ignored. */
export function inboxSearch(search: Record<string, unknown>): Filter {
  return { q: text(search["q"]), unread: search["unread"] === true ? true : undefined, number: text(search["number"]) };
}

/** What the API is asked for. */
export function chatQuery({ q, unread, number }: Filter): { q?: string; unread?: true; session_id?: string } {
  return { ...(q ? { q } : {}), ...(unread ? { unread } : {}), ...(number ? { session_id: number } : {}) };
}

/** Whether the filter hides anything. */
export function isFiltered(filter: Filter): boolean {
  return Boolean(filter.q ?? filter.unread ?? filter.number);
}
