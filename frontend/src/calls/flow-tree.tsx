// The flow as a tree that can be read: what a caller hears, and where each answer leads.
import { CircleAlert, CornerDownRight, type LucideIcon, Mic, Music, PhoneForwarded, PhoneOff, Plug, Volume2, Grid3x3 } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { CallFlow, FlowFault } from "@/api/objects";
import { gistOf, inOrder, type NodeKind, type Way, waysOf } from "./flow";

export const NODE_ICONS: Record<NodeKind, LucideIcon> = {
  say: Volume2,
  play: Music,
  menu: Grid3x3,
  dial: PhoneForwarded,
  voicemail: Mic,
  bridge: Plug,
  hangup: PhoneOff,
};

export function useWayWord(): (way: Way) => string {
  const { t } = useTranslation();
  return (way) => (way.word === "digit" ? t("flow.way_digit", { digit: way.digit }) : t(`flow.way_${way.word}`));
}

interface Shared {
  flow: CallFlow;
  faults: readonly FlowFault[];
  chosen: string | null;
  onChoose(id: string): void;
}

function NodeButton({ id, flow, faults, chosen, onChoose }: Shared & { id: string }) {
  const { t } = useTranslation();
  const node = flow.nodes[id]!;
  const Icon = NODE_ICONS[node.kind];
  const isFaulty = faults.some((fault) => fault.at === `nodes.${id}` || fault.at.startsWith(`nodes.${id}.`));
  return (
    <button
      type="button"
      data-node={id}
      aria-pressed={chosen === id}
      onClick={() => onChoose(id)}
      className={`flex w-full items-center gap-3 rounded-card border px-3 py-2 text-start hover:bg-sunken ${chosen === id ? "border-accent bg-accent-soft" : "border-line bg-raised"}`}
    >
      <Icon size={18} aria-hidden="true" className="shrink-0 text-accent" />
      <span className="min-w-0 grow">
        <span className="block font-medium">
          {t(`flow.kind_${node.kind}`)} <bdi dir="ltr" className="text-sm font-normal text-soft">{id}</bdi>
        </span>
        {/* Cut at the end of the words, whichever way they run, and still under the name. */}
        <span dir="auto" className="block truncate text-sm text-soft [text-align:match-parent]">
          {gistOf(node)}
        </span>
      </span>
      {isFaulty && (
        <span className="inline-flex shrink-0 items-center gap-1 text-sm font-medium text-danger">
          <CircleAlert size={15} aria-hidden="true" />
          {t("flow.faulty")}
        </span>
      )}
    </button>
  );
}

function Ways({ id, flow, onChoose }: Pick<Shared, "flow" | "onChoose"> & { id: string }) {
  const word = useWayWord();
  const ways = waysOf(flow.nodes[id]!);
  if (ways.length === 0) return null;
  return (
    <ul className="ms-5 grid gap-0.5 border-s border-line ps-3">
      {ways.map((way) => (
        <li key={`${way.word}${way.digit ?? ""}`} className="flex items-center gap-2 text-sm">
          <CornerDownRight size={14} aria-hidden="true" className="shrink-0 text-soft rtl:-scale-x-100" />
          <span className="text-soft">{word(way)}</span>
          <button type="button" onClick={() => onChoose(way.to)} className="min-h-6 font-medium text-accent hover:underline">
            <bdi dir="ltr">{way.to}</bdi>
          </button>
        </li>
      ))}
    </ul>
  );
}

export function FlowTree(shared: Shared) {
  const { t } = useTranslation();
  const { flow, onChoose } = shared;
  return (
    <ol aria-label={t("flow.tree")} className="grid grid-cols-[minmax(0,1fr)] gap-3">
      {inOrder(flow).map((id) => (
        <li key={id} className="grid grid-cols-[minmax(0,1fr)] gap-1.5">
          {(flow.entry.open === id || flow.entry.closed === id) && (
            <p className="text-sm font-medium text-soft">
              {[flow.entry.open === id && t("flow.entry_open"), flow.entry.closed === id && t("flow.entry_closed")].filter(Boolean).join(" · ")}
            </p>
          )}
          <NodeButton id={id} {...shared} />
          <Ways id={id} flow={flow} onChoose={onChoose} />
        </li>
      ))}
    </ol>
  );
}
