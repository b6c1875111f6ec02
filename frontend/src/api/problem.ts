// The one error that every request throws: what the API said, or that it could not be reached.
import type { FlowFault } from "./objects";

export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    /** The HTTP status; 0 when no answer came. */
    readonly status: number,
    /** The stable code of the API, or `unreachable`. */
    readonly code: string,
    readonly detail: string,
    /** What to quote to support; null when no answer came. */
    readonly requestId: string | null,
    /** Seconds to wait before trying again, when the API named them. */
    readonly retryAfter: number | null = null,
    /** What is wrong with a call flow, and where. */
    readonly faults: readonly FlowFault[] = [],
  ) {
    super(detail || code);
  }
}

/** The faults of a call flow, as the API lists them. */
function faultsOf(body: unknown): FlowFault[] {
  const faults = typeof body === "object" && body !== null && "faults" in body ? body.faults : null;
  return Array.isArray(faults) ? (faults as FlowFault[]) : [];
}

/** The problem when no answer came at all. */
export function unreachable(): Problem {
  return new Problem(0, "unreachable", "", null);
}

function textOf(body: unknown, key: string): string | null {
  if (typeof body !== "object" || body === null) return null;
  const value = (body as Record<string, unknown>)[key];
  return typeof value === "string" ? value : null;
}

/** Reads the problem out of an answer that is not a success. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  const wait = Number(response.headers.get("retry-after"));
  return new Problem(
    response.status,
    textOf(body, "code") ?? "internal",
    textOf(body, "detail") ?? textOf(body, "title") ?? response.statusText,
    textOf(body, "request_id") ?? response.headers.get("x-request-id"),
    Number.isFinite(wait) && wait > 0 ? wait : null,
    faultsOf(body),
  );
}

/** Any thrown value as a problem. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : unreachable();
}

/** Whether trying again by itself can help: the server was away or busy, not unwilling. */
export function isPassing(error: unknown): boolean {
  const { status } = asProblem(error);
  return status === 0 || status === 502 || status === 503 || status === 504;
}
