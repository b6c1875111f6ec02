// After sign-in nobody is sent to another site.
import { expect, test } from "vitest";
import { safeReturn } from "./return";

test.each(["/inbox/chat_1?q=a", "/numbers"])("%s is our own", (to) => expect(safeReturn(to)).toBe(to));

test.each([undefined, "", "https://evil.example", "//evil.example", "/\\evil.example", "/sign-in?to=/numbers"])("%s leads to the inbox", (to) =>
  expect(safeReturn(to)).toBe("/inbox"),
);
