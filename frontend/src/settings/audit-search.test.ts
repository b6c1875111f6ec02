import { expect, test } from "vitest";
import { auditQuery, auditSearch, isFiltered } from "./audit-search";

test("what the address does not mean is ignored", () => {
  const filter = auditSearch({ act: "everything", by: 7, from: "yesterday", to: "2026-13-40" });
  expect(isFiltered(filter)).toBe(false);
  expect(auditQuery(filter)).toEqual({});
});

test("the last day is asked for to its end", () => {
  const query = auditQuery(auditSearch({ act: "member.joined", from: "2026-11-21", to: "2026-11-21" }));
  expect(query.action).toBe("member.joined");
  expect(Date.parse(query.until ?? "") - Date.parse(query.since ?? "")).toBeGreaterThanOrEqual(23 * 3_600_000);
});
