// A shard that is being emptied: how far, how long still, and undoing it.
import { Undo2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { ProblemNote } from "@/parts/problem-note";
import { say } from "@/parts/toast";
import { useFormats } from "@/words/formats";
import { useDrainProgress, useUndrain } from "./moves";
import { Progress } from "./progress";

export function DrainNote({ number }: { number: number }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { data } = useDrainProgress(number, true);
  const undrain = useUndrain();
  return (
    <div role="status" data-drain={data?.state ?? "asked"} className="grid gap-3 rounded-card bg-attention-soft p-3">
      {data && <Progress label={t(data.state === "drained" ? "shards.drained" : "shards.draining")} done={data.moved} total={data.total} />}
      {data?.state === "draining" && (
        <p className="text-sm text-soft">
          {data.seconds_left === null || data.seconds_left === undefined
            ? t("shards.begins")
            : t("shards.seconds_left", { n: formats.number(data.seconds_left) })}
        </p>
      )}
      {data !== undefined && data.waiting_for_room > 0 && (
        <p className="text-sm" data-waiting={data.waiting_for_room}>
          {t("shards.waiting_for_room", { count: data.waiting_for_room })}
        </p>
      )}
      {undrain.isError && <ProblemNote error={undrain.error} />}
      <Button small busy={undrain.isPending} className="justify-self-start" onClick={() => undrain.mutate(number, { onSuccess: () => say(t("shards.undone", { n: number })) })}>
        <Undo2 size={15} aria-hidden="true" className="rtl:-scale-x-100" />
        {t("shards.undo")}
      </Button>
    </div>
  );
}
