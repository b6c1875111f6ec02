// The editor's changes of a flow.
import { describe, expect, test } from "vitest";
import type { CallFlow } from "@/api/objects";
import { freeName, inOrder, newNode, waysOf, withNode, withoutNode } from "./flow";

const flow: CallFlow = {
  language: "en",
  time_zone: "UTC",
  hours: null,
  closures: [],
  entry: { open: "menu", closed: "voicemail", capacity: { kind: "busy" } },
  nodes: {
    lost: { kind: "hangup", text: null },
    voicemail: { kind: "voicemail", prompt: "Speak", max_s: 120 },
    menu: { kind: "menu", prompt: "Press 1", options: { "1": "dial", "9": "menu" }, timeout_s: 5, retries: 2, no_input: "voicemail" },
    dial: { kind: "dial", targets: ["+972501234567"], ring_s: 20, whisper: true, caller_id: "caller", no_answer: "voicemail" },
  },
  missed_call: { enabled: false, text: "", window_h: 6, session_id: null, quiet: null },
  recording: { keep_days: null, delete_at_provider: true },
};

describe("a flow", () => {
  test("is read from its entries, each node once, what nobody reaches last", () => {
    expect(inOrder(flow)).toEqual(["menu", "dial", "voicemail", "lost"]);
  });

  test("gives a new node a name that is free", () => {
    expect(freeName(flow, "say")).toBe("say");
    expect(freeName(withNode(flow, "menu_2", newNode("menu", "menu")), "menu")).toBe("menu_3");
  });

  test("is changed without touching the one before", () => {
    const changed = withNode(flow, "say", newNode("say", "voicemail"));
    expect(waysOf(changed.nodes["say"]!)).toEqual([{ word: "next", to: "voicemail" }]);
    expect(Object.keys(withoutNode(changed, "say").nodes)).toEqual(Object.keys(flow.nodes));
    expect(Object.hasOwn(flow.nodes, "say")).toBe(false);
  });
});
