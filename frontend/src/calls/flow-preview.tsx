// What a caller would hear, step by step, by the flow as it stands in the editor.
import { PhoneIncoming, RotateCcw } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { CallFlow } from "@/api/objects";
import { Button } from "@/parts/button";
import { gistOf, waysOf } from "./flow";
import { NODE_ICONS, useWayWord } from "./flow-tree";

/** Nobody walks further than this to see how it goes. */
const MOST = 40;

export function FlowPreview({ flow }: { flow: CallFlow }) {
  const { t } = useTranslation();
  const word = useWayWord();
  const [path, setPath] = useState<readonly string[]>([]);
  const walked = path.filter((id) => Object.hasOwn(flow.nodes, id));
  const last = walked.at(-1);
  const ways = last === undefined || walked.length >= MOST ? [] : waysOf(flow.nodes[last]!);
  return (
    <div className="grid gap-3">
      <ol aria-live="polite" className="grid gap-2">
        {walked.map((id, n) => {
          const node = flow.nodes[id]!;
          const Icon = NODE_ICONS[node.kind];
          return (
            // A node can be met twice: its place in the walk is its name.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={n} className="flex gap-3 rounded-card bg-sunken px-3 py-2">
              <Icon size={17} aria-hidden="true" className="mt-0.5 shrink-0 text-accent" />
              <span className="min-w-0 break-words">
                <span className="text-sm text-soft">{t(`flow.heard_${node.kind}`)}</span> <bdi>{gistOf(node)}</bdi>
              </span>
            </li>
          );
        })}
      </ol>
      {last !== undefined && ways.length === 0 && <p className="text-soft">{t("flow.call_ends")}</p>}
      <div className="flex flex-wrap gap-2">
        {last === undefined ? (
          <>
            <Button onClick={() => setPath([flow.entry.open])}>
              <PhoneIncoming size={16} aria-hidden="true" />
              {t("flow.call_open")}
            </Button>
            <Button onClick={() => setPath([flow.entry.closed])}>
              <PhoneIncoming size={16} aria-hidden="true" />
              {t("flow.call_closed")}
            </Button>
          </>
        ) : (
          <>
            {ways.map((way) => (
              <Button key={`${way.word}${way.digit ?? ""}`} small onClick={() => setPath([...walked, way.to])}>
                {word(way)}
              </Button>
            ))}
            <Button small look="quiet" onClick={() => setPath([])}>
              <RotateCcw size={15} aria-hidden="true" />
              {t("flow.again")}
            </Button>
          </>
        )}
      </div>
    </div>
  );
}
