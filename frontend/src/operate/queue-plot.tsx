// The last hour of one queue: how deep it was, and what ended in it by the minute.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { QueueMinute } from "@/api/objects";
import { Loaded } from "@/parts/loaded";
import { Panel } from "@/parts/page";
import { type Line, Plot } from "@/parts/plot";
import type { QueueName } from "./queue-names";
import { useMinutes } from "./queues";

const seconds = (minute: QueueMinute) => Date.parse(minute.at) / 1_000;

function Plots({ minutes }: { minutes: readonly QueueMinute[] }) {
  const { t } = useTranslation();
  const at = useMemo(() => minutes.map(seconds), [minutes]);
  const depth = useMemo<Line[]>(
    () => [{ name: t("queues.depth"), colour: "accent", values: minutes.map((each) => each.depth ?? null) }],
    [minutes, t],
  );
  const ended = useMemo<Line[]>(
    () => [
      { name: t("queues.done"), colour: "ok", values: minutes.map((each) => each.done) },
      { name: t("queues.failed"), colour: "attention", values: minutes.map((each) => each.failed) },
      { name: t("queues.died"), colour: "danger", values: minutes.map((each) => each.dead) },
    ],
    [minutes, t],
  );
  return (
    <div className="grid gap-6 md:grid-cols-2">
      <Plot label={t("queues.plot_depth")} at={at} lines={depth} />
      <Plot label={t("queues.plot_ended")} at={at} lines={ended} />
    </div>
  );
}

export function QueuePlot({ queue }: { queue: QueueName }) {
  const { t } = useTranslation();
  const query = useMinutes(queue);
  return (
    <Panel title={t("queues.hour_of", { queue })} intro={t("queues.hour_intro")}>
      <Loaded query={query}>
        {(minutes) => (minutes.length === 0 ? <p className="text-soft">{t("queues.no_minutes")}</p> : <Plots minutes={minutes} />)}
      </Loaded>
    </Panel>
  );
}
