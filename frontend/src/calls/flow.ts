// A call flow as the editor changes it: every change makes another flow, so that nothing is half done.
import type { CallFlow, FlowNode } from "@/api/objects";

export type NodeKind = FlowNode["kind"];

export const KINDS: readonly NodeKind[] = ["say", "play", "menu", "dial", "voicemail", "bridge", "hangup"];
export const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "*", "#"] as const;

/** A way out of a node: what leads there, and where. A digit stands for itself. */
export interface Way {
  word: "next" | "no_input" | "no_answer" | "done" | "failed" | "digit";
  digit?: string;
  to: string;
}

export function waysOf(node: FlowNode): Way[] {
  switch (node.kind) {
    case "say":
    case "play":
      return [{ word: "next", to: node.next }];
    case "menu":
      return [
        ...Object.entries(node.options).map(([digit, to]): Way => ({ word: "digit", digit, to })),
        { word: "no_input", to: node.no_input },
      ];
    case "dial":
      return [{ word: "no_answer", to: node.no_answer }];
    case "bridge":
      return [
        { word: "done", to: node.done },
        { word: "failed", to: node.failed },
      ];
    case "voicemail":
    case "hangup":
      return [];
  }
}

/** What a caller hears or gets at a node, in a few words of its own. */
export function gistOf(node: FlowNode): string {
  switch (node.kind) {
    case "say":
      return node.text;
    case "menu":
    case "voicemail":
      return node.prompt;
    case "play":
    case "bridge":
      return node.url;
    case "dial":
      return node.targets.join(", ");
    case "hangup":
      return node.text ?? "";
  }
}

/** A new node of a kind, whose ways lead to `to`. */
export function newNode(kind: NodeKind, to: string): FlowNode {
  switch (kind) {
    case "say":
      return { kind, text: "", next: to };
    case "play":
      return { kind, url: "https://", next: to };
    case "menu":
      return { kind, prompt: "", options: { "1": to }, timeout_s: 5, retries: 2, no_input: to };
    case "dial":
      return { kind, targets: [""], ring_s: 20, whisper: true, caller_id: "caller", no_answer: to };
    case "voicemail":
      return { kind, prompt: "", max_s: 120 };
    case "bridge":
      return { kind, url: "wss://", max_s: 600, done: to, failed: to };
    case "hangup":
      return { kind, text: null };
  }
}

/** A name that no node has: the kind, and a number where one has it. */
export function freeName(flow: CallFlow, kind: NodeKind): string {
  const taken = (name: string) => Object.hasOwn(flow.nodes, name);
  if (!taken(kind)) return kind;
  let n = 2;
  while (taken(`${kind}_${n}`)) n += 1;
  return `${kind}_${n}`;
}

export function withNode(flow: CallFlow, id: string, node: FlowNode): CallFlow {
  return { ...flow, nodes: { ...flow.nodes, [id]: node } };
}

export function withoutNode(flow: CallFlow, id: string): CallFlow {
  const { [id]: _, ...nodes } = flow.nodes;
  return { ...flow, nodes };
}

/** The nodes in the order in which a reader of the tree meets them; those that no way leads to come last. */
export function inOrder(flow: CallFlow): string[] {
  const seen = new Set<string>();
  const visit = (id: string) => {
    const node = flow.nodes[id];
    if (!node || seen.has(id)) return;
    seen.add(id);
    for (const way of waysOf(node)) visit(way.to);
  };
  visit(flow.entry.open);
  visit(flow.entry.closed);
  return [...seen, ...Object.keys(flow.nodes).filter((id) => !seen.has(id))];
}
