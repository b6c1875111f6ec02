// Days are counted by the calendar, not by 24 hours.
import { expect, test } from "vitest";
import { daysAgo } from "./days";

test("one minute before midnight was yesterday", () => {
  expect(daysAgo(new Date(2026, 0, 1, 23, 59), new Date(2026, 0, 2, 0, 1))).toBe(1);
  expect(daysAgo(new Date(2026, 0, 2, 0, 0), new Date(2026, 0, 2, 23, 59))).toBe(0);
});

test("a change of the clock does not change the count", () => {
  expect(daysAgo(new Date(2026, 2, 20), new Date(2026, 3, 3))).toBe(14);
});
