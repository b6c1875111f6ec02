// What the address asks of dead letters is what the API is asked for, and rubbish in it asks for nothing.
import { expect, test } from "vitest";
import { isFiltered, letterQuery, letterSearch } from "./letter-search";

test("an address reads back as what the API is asked for", () => {
  const filter = letterSearch({ queue: "high", kind: "drain_chat", business: "biz_1", error: "panicked", hours: "24" });
  expect(letterQuery(filter, Date.parse("2026-11-21T12:00:00Z"))).toEqual({
    queue: "high",
    kind: "drain_chat",
    business_id: "biz_1",
    error: "panicked",
    since: "2026-11-20T12:00:00.000Z",
  });
  expect(isFiltered(filter)).toBe(true);
});

test("what is not known asks for nothing", () => {
  const filter = letterSearch({ queue: "swift", hours: 5, kind: 7, else: "x" });
  expect(letterQuery(filter, 0)).toEqual({});
  expect(isFiltered(filter)).toBe(false);
});
