// One connection to the live stream, read by fetch rather than EventSource: so a 401 renews
// the sign-in, the resume point is ours, and a line that fell silent is noticed.
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { Event } from "@/api/objects";
import { send } from "@/api/send";

/** The server writes a comment every 15 s; after three missed ones the line is dead. */
const SILENCE_MS = 45_000;

export interface StreamHandlers {
  onOpen(): void;
  onEvent(event: Event): void;
  /** The resume point names no event that is kept: everything must be read again; `seq` is the new one. */
  onReset(seq: number | null): void;
}

function parse(data: string): Event | null {
  try {
    return JSON.parse(data) as Event;
  } catch {
    return null;
  }
}

/** Reads events until the line ends; rejects with why. `after` is the last `seq` that was seen. */
export async function readStream(after: number | null, signal: AbortSignal, on: StreamHandlers): Promise<void> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error("silence")), SILENCE_MS);
  };
  const headers = new Headers({ accept: "text/event-stream" });
  if (after !== null) headers.set("last-event-id", String(after));
  try {
    heard();
    const request = new Request(new URL("/v1/events/stream", location.origin), {
      headers,
      cache: "no-store",
      signal: AbortSignal.any([signal, silence.signal]),
    });
    const response = await send(request);
    on.onOpen();
    const messages = response.body
      ?.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array<ArrayBuffer>, string>)
      .pipeThrough(new EventSourceParserStream({ onComment: heard }));
    const reader = messages?.getReader();
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      heard();
      if (next.value.event === "reset") {
        on.onReset(Number(next.value.id) || null);
        continue;
      }
      const event = parse(next.value.data);
      if (event) on.onEvent(event);
    }
  } finally {
    clearTimeout(timer);
  }
}
