// The editor of the call flow: a tree to read, the chosen node to change, and a call to try.
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { CallFlow, FlowInForce } from "@/api/objects";
import { asProblem } from "@/api/problem";
import { Button } from "@/parts/button";
import { Loaded } from "@/parts/loaded";
import { Menu, MenuItem } from "@/parts/menu";
import { Page, Panel } from "@/parts/page";
import { ProblemNote } from "@/parts/problem-note";
import { Denied } from "@/parts/states";
import { say } from "@/parts/toast";
import { useMay, useMe } from "@/sign-in/account";
import { useFlow, usePutFlow, useReadFlowAgain } from "./calls";
import { freeName, KINDS, newNode, type NodeKind, withNode, withoutNode } from "./flow";
import { FlowNodeForm } from "./flow-node";
import { FlowPreview } from "./flow-preview";
import { FlowRules } from "./flow-rules";
import { FlowTree, NODE_ICONS } from "./flow-tree";
import { CallTabs } from "./tabs";

function AddNode({ onAdd }: { onAdd(kind: NodeKind): void }) {
  const { t } = useTranslation();
  return (
    <Menu
      align="start"
      trigger={
        <Button small>
          <Plus size={15} aria-hidden="true" />
          {t("flow.add_node")}
        </Button>
      }
    >
      {KINDS.map((kind) => {
        const Icon = NODE_ICONS[kind];
        return (
          <MenuItem key={kind} icon={<Icon size={16} aria-hidden="true" />} onSelect={() => onAdd(kind)}>
            {t(`flow.kind_${kind}`)}
          </MenuItem>
        );
      })}
    </Menu>
  );
}

function Problems({ put, onReload }: { put: ReturnType<typeof usePutFlow>; onReload(): void }) {
  const { t } = useTranslation();
  if (!put.isError) return null;
  const { code, faults } = asProblem(put.error);
  if (code === "invalid_flow") return <ProblemNote error={put.error} text={t("flow.faults", { count: faults.length })} />;
  return (
    <div className="grid gap-2">
      <ProblemNote error={put.error} text={code === "conflict" ? t("flow.changed_meanwhile") : undefined} />
      {code === "conflict" && (
        <Button small className="justify-self-start" onClick={onReload}>
          {t("flow.reload")}
        </Button>
      )}
    </div>
  );
}

function Editor({ stored, mayChange }: { stored: FlowInForce; mayChange: boolean }) {
  const { t } = useTranslation();
  const put = usePutFlow();
  const readAgain = useReadFlowAgain();
  const [flow, setFlow] = useState<CallFlow>(stored.flow);
  const [chosen, setChosen] = useState<string>(stored.flow.entry.open);
  const faults = asProblem(put.error).faults;
  const isChanged = flow !== stored.flow;
  const add = (kind: NodeKind) => {
    const id = freeName(flow, kind);
    setFlow(withNode(flow, id, newNode(kind, flow.entry.closed)));
    setChosen(id);
  };
  const remove = () => {
    setFlow(withoutNode(flow, chosen));
    setChosen(flow.entry.open);
  };
  const save = () => put.mutate({ version: stored.version, flow }, { onSuccess: () => say(t("flow.saved")) });
  return (
    <>
      <Problems put={put} onReload={() => void readAgain()} />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-2">
        <Panel title={t("flow.tree")} intro={stored.version === 0 ? t("flow.first") : t("flow.version", { version: stored.version })}>
          <FlowTree flow={flow} faults={faults} chosen={chosen} onChoose={setChosen} />
          {mayChange && <AddNode onAdd={add} />}
        </Panel>
        <div className="grid content-start gap-6">
          {mayChange && Object.hasOwn(flow.nodes, chosen) && (
            <Panel title={t("flow.node", { id: chosen })}>
              <FlowNodeForm key={chosen} id={chosen} flow={flow} faults={faults} onChange={setFlow} onRemove={remove} />
            </Panel>
          )}
          <Panel title={t("flow.preview")} intro={t("flow.preview_intro")}>
            <FlowPreview flow={flow} />
          </Panel>
        </div>
      </div>
      {mayChange && (
        <>
          <Panel title={t("flow.rules")}>
            <FlowRules flow={flow} faults={faults} onChange={setFlow} />
          </Panel>
          <div className="flex justify-end gap-2">
            <Button disabled={!isChanged} onClick={() => setFlow(stored.flow)}>
              {t("flow.undo")}
            </Button>
            <Button look="primary" busy={put.isPending} disabled={!isChanged} onClick={save}>
              {t("flow.save")}
            </Button>
          </div>
        </>
      )}
    </>
  );
}

export function FlowPage() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const may = useMay("calls:read");
  const mayChange = useMay("calls:write");
  const query = useFlow(may);
  if (me && !may) return <Denied heading="h1" />;
  return (
    <Page wide title={t("flow.title")} intro={t("flow.intro")} tabs={<CallTabs />}>
      <Loaded query={query}>{(stored) => <Editor key={stored.version} stored={stored} mayChange={mayChange} />}</Loaded>
    </Page>
  );
}
