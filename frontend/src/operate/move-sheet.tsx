// Moves a business: the target is chosen, what that would do is said, then it is done and watched.
import { ArrowRight, CircleCheck, CircleX } from "lucide-react";
import { type FormEvent, useId } from "react";
import { useTranslation } from "react-i18next";
import type { Shard, Tenant } from "@/api/objects";
import { Button } from "@/parts/button";
import { Sheet } from "@/parts/dialog";
import { FormButtons } from "@/parts/form-buttons";
import { ProblemNote } from "@/parts/problem-note";
import { useMove, useMoveProgress, usePlannedMove } from "./moves";
import { Progress } from "./progress";
import { shardOf } from "./shards";

interface Props {
  tenant: Tenant;
  /** Where it can go. */
  targets: readonly Shard[];
  onClose(): void;
}

function Watched({ tenant, onClose }: { tenant: Tenant; onClose(): void }) {
  const { t } = useTranslation();
  const { data } = useMoveProgress(tenant.id, true);
  const Icon = data?.state === "failed" ? CircleX : CircleCheck;
  return (
    <div className="grid gap-4">
      {data && (
        <div role="status" data-move={data.state} className="grid gap-3">
          <Progress label={t("shards.moved")} done={data.moved} total={data.total} />
          {data.state !== "moving" && (
            <p className={`flex items-center gap-2 font-medium ${data.state === "failed" ? "text-danger" : "text-ok"}`}>
              <Icon size={18} aria-hidden="true" />
              {t(data.state === "failed" ? "shards.move_failed" : "shards.move_done", { n: data.shard })}
            </p>
          )}
        </div>
      )}
      <Button onClick={onClose} className="justify-self-end">
        {t("common.done")}
      </Button>
    </div>
  );
}

function Chosen({ tenant, targets, onClose, onPlan, busy }: Props & { onPlan(shard: number): void; busy: boolean }) {
  const { t } = useTranslation();
  const id = useId();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onPlan(Number(new FormData(event.currentTarget).get("shard")));
  };
  const others = targets.filter((each) => each.number !== shardOf(tenant));
  if (others.length === 0) return <p className="text-soft">{t("shards.nowhere")}</p>;
  return (
    <form onSubmit={submit} className="grid gap-4">
      <div className="grid gap-1">
        <label htmlFor={id} className="font-medium">
          {t("shards.target")}
        </label>
        <select id={id} name="shard" className="field">
          {others.map((each) => (
            <option key={each.number} value={each.number}>
              {t("tenants.on_shard", { n: each.number })}
            </option>
          ))}
        </select>
      </div>
      <FormButtons action={t("shards.plan")} busy={busy} onClose={onClose} />
    </form>
  );
}

export function MoveSheet(props: Props) {
  const { tenant, onClose } = props;
  const { t } = useTranslation();
  const plan = usePlannedMove();
  const move = useMove();
  const planned = plan.data;
  const from = shardOf(tenant);
  const error = plan.error ?? move.error;
  return (
    <Sheet title={t("shards.move_title", { name: tenant.name })} description={t("shards.move_intro")} onClose={onClose}>
      <div className="grid gap-4">
        {error && <ProblemNote error={error} />}
        {move.isSuccess ? (
          <Watched tenant={tenant} onClose={onClose} />
        ) : planned ? (
          <>
            <p data-plan className="flex flex-wrap items-center gap-2 rounded-card bg-sunken p-3">
              <span>{from === 0 ? t("tenants.no_shard") : t("tenants.on_shard", { n: from })}</span>
              <ArrowRight size={16} aria-hidden="true" className="rtl:-scale-x-100" />
              <span className="font-medium">{t("tenants.on_shard", { n: planned.shard })}</span>
              <span className="text-soft">{t("shards.would_move", { count: planned.total })}</span>
            </p>
            <div className="flex flex-wrap justify-end gap-2">
              <Button onClick={plan.reset}>{t("shards.other_target")}</Button>
              <Button look="primary" busy={move.isPending} onClick={() => move.mutate({ business: tenant.id, shard: planned.shard })}>
                {t("shards.move")}
              </Button>
            </div>
          </>
        ) : (
          <Chosen {...props} busy={plan.isPending} onPlan={(shard) => plan.mutate({ business: tenant.id, shard })} />
        )}
      </div>
    </Sheet>
  );
}
