// How many lines of the business are taken, now and in the last hour.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { CallLoad } from "@/api/objects";
import { LoadBar } from "@/operate/load-bar";
import { Loaded } from "@/parts/loaded";
import { Panel } from "@/parts/page";
import { type Line, Plot } from "@/parts/plot";
import { useLoad } from "./calls";

function Figures({ load }: { load: CallLoad }) {
  const { t } = useTranslation();
  const at = useMemo(() => load.minutes.map((minute) => Date.parse(minute.at) / 1_000), [load.minutes]);
  const lines = useMemo<Line[]>(
    () => [{ name: t("calls.at_once"), colour: "accent", values: load.minutes.map((minute) => minute.most) }],
    [load.minutes, t],
  );
  return (
    <div className="grid gap-6 md:grid-cols-[12rem_1fr]">
      <dl data-live={load.live}>
        <LoadBar label={t("calls.live_now")} value={t("calls.of_limit", { live: load.live, limit: load.limit })} part={load.live / Math.max(load.limit, 1)} />
      </dl>
      <Plot label={t("calls.hour")} at={at} lines={lines} />
    </div>
  );
}

export function Gauge() {
  const { t } = useTranslation();
  const query = useLoad();
  return (
    <Panel title={t("calls.lines")}>
      <Loaded query={query}>{(load) => <Figures load={load} />}</Loaded>
    </Panel>
  );
}
