// Which entries of the audit log are shown. It lives in the address, so that a view can be kept as a link.
import type { AuditEntry } from "@/api/objects";

export type Act = AuditEntry["action"];

/** Every act, in the order in which the list offers them. */
export const ACTS = [
  "member.invited",
  "invitation.withdrawn",
  "member.joined",
  "member.role_changed",
  "member.removed",
  "api_key.created",
  "api_key.revoked",
  "business.created",
  "business.renamed",
  "business.limits_changed",
  "business.retention_changed",
  "business.suspended",
  "business.resumed",
  "business.moved",
  "shard.drained",
  "shard.undrained",
  "operator.made",
  "operator.removed",
  "user.suspended",
  "user.restored",
  "user.password_changed",
  "queue.paused",
  "queue.resumed",
  "dead_letters.retried",
  "call_number.added",
  "call_number.removed",
  "call_flow.changed",
  "call.hung_up",
  "call.released",
  "call_limit.changed",
] as const satisfies readonly Act[];

export interface AuditFilter {
  /** The id of the person who did it. */
  by?: string | undefined;
  act?: Act | undefined;
  /** The first and the last day, as `2026-11-21`, by this device's clock. */
  from?: string | undefined;
  to?: string | undefined;
}

const DAY = /^\d{4}-\d\d-\d\d$/;

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

function day(value: unknown): string | undefined {
  const found = text(value);
  return found && DAY.test(found) && !Number.isNaN(Date.parse(`${found}T00:00`)) ? found : undefined;
}

/** Reads the filter out of the address; anything else in it is ignored. */
export function auditSearch(search: Record<string, unknown>): AuditFilter {
  return { by: text(search["by"]), act: ACTS.find((each) => each === search["act"]), from: day(search["from"]), to: day(search["to"]) };
}

/** The instant at which a day begins here, so many days later. */
function begins(date: string, later: number): string {
  const start = new Date(`${date}T00:00`);
  start.setDate(start.getDate() + later);
  return start.toISOString();
}

/** What the API is asked for. */
export function auditQuery({ by, act, from, to }: AuditFilter) {
  return {
    ...(by ? { actor: by } : {}),
    ...(act ? { action: act } : {}),
    ...(from ? { since: begins(from, 0) } : {}),
    ...(to ? { until: begins(to, 1) } : {}),
  };
}

/** Whether the filter hides anything. */
export function isFiltered(filter: AuditFilter): boolean {
  return Boolean(filter.by ?? filter.act ?? filter.from ?? filter.to);
}
