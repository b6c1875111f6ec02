// One node of the flow, to be changed: its own fields, and where its ways lead.
import { Plus, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { CallFlow, FlowFault, FlowNode } from "@/api/objects";
import { Button, IconButton } from "@/parts/button";
import { DIGITS, inOrder, withNode } from "./flow";
import { CheckEntry, ChoiceEntry, NumberEntry, TextEntry, useFaultText } from "./flow-fields";

interface Props {
  id: string;
  flow: CallFlow;
  faults: readonly FlowFault[];
  onChange(flow: CallFlow): void;
  onRemove(): void;
}

type Of<Kind extends FlowNode["kind"]> = Extract<FlowNode, { kind: Kind }>;

interface PartProps<Node> {
  node: Node;
  set(node: Node): void;
  fault(field: string): string | null;
  places: readonly { value: string; label: string }[];
}

function MenuPart({ node, set, fault, places }: PartProps<Of<"menu">>) {
  const { t } = useTranslation();
  const free = DIGITS.find((digit) => !Object.hasOwn(node.options, digit));
  const first = places[0]?.value ?? "";
  const without = (digit: string) => Object.fromEntries(Object.entries(node.options).filter(([each]) => each !== digit));
  return (
    <>
      <TextEntry long label={t("flow.prompt")} value={node.prompt} error={fault("prompt")} onChange={(prompt) => set({ ...node, prompt })} />
      <fieldset className="grid gap-2">
        <legend className="mb-1 font-medium">{t("flow.options")}</legend>
        {fault("options") && <p className="text-sm text-danger">{fault("options")}</p>}
        {Object.entries(node.options).map(([digit, to]) => (
          <div key={digit} className="flex items-end gap-2">
            <div className="grow">
              <ChoiceEntry
                label={t("flow.way_digit", { digit })}
                value={to}
                error={fault(`options.${digit}`)}
                options={places}
                onChange={(next) => set({ ...node, options: { ...node.options, [digit]: next } })}
              />
            </div>
            <IconButton name={t("flow.remove_digit", { digit })} onClick={() => set({ ...node, options: without(digit) })}>
              <Trash2 size={18} aria-hidden="true" />
            </IconButton>
          </div>
        ))}
        {free && (
          <Button small className="justify-self-start" onClick={() => set({ ...node, options: { ...node.options, [free]: first } })}>
            <Plus size={15} aria-hidden="true" />
            {t("flow.add_digit", { digit: free })}
          </Button>
        )}
      </fieldset>
      <ChoiceEntry label={t("flow.way_no_input")} value={node.no_input} error={fault("no_input")} options={places} onChange={(no_input) => set({ ...node, no_input })} />
      <NumberEntry label={t("flow.timeout")} value={node.timeout_s ?? 5} error={fault("timeout_s")} least={1} most={30} onChange={(timeout_s) => set({ ...node, timeout_s })} />
    </>
  );
}

function DialPart({ node, set, fault, places }: PartProps<Of<"dial">>) {
  const { t } = useTranslation();
  const at = (n: number, target: string) => node.targets.map((each, index) => (index === n ? target : each));
  return (
    <>
      <fieldset className="grid gap-2">
        <legend className="mb-1 font-medium">{t("flow.targets")}</legend>
        {fault("targets") && <p className="text-sm text-danger">{fault("targets")}</p>}
        {node.targets.map((target, n) => (
          // A number has no name but its place.
          // oxlint-disable-next-line react/no-array-index-key
          <div key={n} className="flex items-end gap-2">
            <div className="grow">
              <TextEntry ltr label={t("flow.target", { n: n + 1 })} value={target} error={fault(`targets.${n}`)} onChange={(next) => set({ ...node, targets: at(n, next) })} />
            </div>
            <IconButton name={t("flow.remove_target", { n: n + 1 })} onClick={() => set({ ...node, targets: node.targets.filter((_, index) => index !== n) })}>
              <Trash2 size={18} aria-hidden="true" />
            </IconButton>
          </div>
        ))}
        <Button small className="justify-self-start" onClick={() => set({ ...node, targets: [...node.targets, ""] })}>
          <Plus size={15} aria-hidden="true" />
          {t("flow.add_target")}
        </Button>
      </fieldset>
      <NumberEntry label={t("flow.ring")} value={node.ring_s ?? 20} error={fault("ring_s")} least={5} most={60} onChange={(ring_s) => set({ ...node, ring_s })} />
      <CheckEntry label={t("flow.whisper")} checked={node.whisper ?? false} onChange={(whisper) => set({ ...node, whisper })} />
      <ChoiceEntry label={t("flow.way_no_answer")} value={node.no_answer} error={fault("no_answer")} options={places} onChange={(no_answer) => set({ ...node, no_answer })} />
    </>
  );
}

function Part({ node, set, fault, places }: PartProps<FlowNode>) {
  const { t } = useTranslation();
  switch (node.kind) {
    case "say":
      return (
        <>
          <TextEntry long label={t("flow.text")} value={node.text} error={fault("text")} onChange={(text) => set({ ...node, text })} />
          <ChoiceEntry label={t("flow.way_next")} value={node.next} error={fault("next")} options={places} onChange={(next) => set({ ...node, next })} />
        </>
      );
    case "play":
      return (
        <>
          <TextEntry ltr label={t("flow.url")} value={node.url} error={fault("url")} onChange={(url) => set({ ...node, url })} />
          <ChoiceEntry label={t("flow.way_next")} value={node.next} error={fault("next")} options={places} onChange={(next) => set({ ...node, next })} />
        </>
      );
    case "menu":
      return <MenuPart node={node} set={set} fault={fault} places={places} />;
    case "dial":
      return <DialPart node={node} set={set} fault={fault} places={places} />;
    case "voicemail":
      return (
        <>
          <TextEntry long label={t("flow.prompt")} value={node.prompt} error={fault("prompt")} onChange={(prompt) => set({ ...node, prompt })} />
          <NumberEntry label={t("flow.longest")} value={node.max_s ?? 120} error={fault("max_s")} least={5} most={600} onChange={(max_s) => set({ ...node, max_s })} />
        </>
      );
    case "bridge":
      return (
        <>
          <TextEntry ltr label={t("flow.url")} value={node.url} error={fault("url")} onChange={(url) => set({ ...node, url })} />
          <NumberEntry label={t("flow.longest")} value={node.max_s ?? 600} error={fault("max_s")} least={10} most={3_600} onChange={(max_s) => set({ ...node, max_s })} />
          <ChoiceEntry label={t("flow.way_done")} value={node.done} error={fault("done")} options={places} onChange={(done) => set({ ...node, done })} />
          <ChoiceEntry label={t("flow.way_failed")} value={node.failed} error={fault("failed")} options={places} onChange={(failed) => set({ ...node, failed })} />
        </>
      );
    case "hangup":
      return <TextEntry long label={t("flow.goodbye")} value={node.text ?? ""} error={fault("text")} onChange={(text) => set({ ...node, text: text === "" ? null : text })} />;
  }
}

export function FlowNodeForm({ id, flow, faults, onChange, onRemove }: Props) {
  const { t } = useTranslation();
  const faultText = useFaultText(faults);
  const node = flow.nodes[id];
  if (!node) return null;
  const own = faultText(`nodes.${id}`);
  const places = inOrder(flow).map((each) => ({ value: each, label: `${each} · ${t(`flow.kind_${flow.nodes[each]!.kind}`)}` }));
  return (
    <div data-form={id} className="grid grid-cols-[minmax(0,1fr)] gap-4">
      {own && <p className="text-sm text-danger">{own}</p>}
      <Part node={node} set={(next) => onChange(withNode(flow, id, next))} fault={(field) => faultText(`nodes.${id}.${field}`)} places={places} />
      <Button small className="justify-self-start" onClick={onRemove}>
        <Trash2 size={15} aria-hidden="true" />
        {t("flow.remove_node")}
      </Button>
    </div>
  );
}
