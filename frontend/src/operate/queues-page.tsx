// Queues: how deep, how old, how fast, what fails, and pausing one.
import { Link, useSearch } from "@tanstack/react-router";
import { CircleAlert, Pause, Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Queue } from "@/api/objects";
import { Button } from "@/parts/button";
import { Confirm } from "@/parts/confirm";
import { Loaded } from "@/parts/loaded";
import { Page } from "@/parts/page";
import { ProblemNote } from "@/parts/problem-note";
import { Denied } from "@/parts/states";
import { say } from "@/parts/toast";
import { useMay, useMe } from "@/sign-in/account";
import { useFormats } from "@/words/formats";
import { QueuePlot } from "./queue-plot";
import { QueueTabs } from "./queue-tabs";
import { usePause, useQueues } from "./queues";

const CELL = "px-3 py-2 text-end tabular-nums";
const WIDE = `${CELL} hidden md:table-cell`;
/** A job that waits longer than this is worth a look. */
const OLD_S = 60;

/** Jobs a second, with one digit behind the point while they are few. */
function useRate(): (value: number) => string {
  const formats = useFormats();
  return (value) => formats.number(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
}

function useAge(): (seconds: number | null | undefined) => string {
  const { t } = useTranslation();
  const formats = useFormats();
  return (seconds) => {
    if (seconds === null || seconds === undefined) return "–";
    return seconds < 120
      ? t("queues.seconds", { n: formats.number(seconds) })
      : t("queues.minutes", { n: formats.number(Math.round(seconds / 60)) });
  };
}

function Name({ queue, isShown }: { queue: Queue; isShown: boolean }) {
  const { t } = useTranslation();
  return (
    <th scope="row" className="px-4 py-2 text-start font-normal">
      <Link to="/queues" search={{ queue: queue.queue }} replace aria-current={isShown ? "true" : undefined} className="font-medium text-accent hover:underline">
        <bdi dir="ltr">{queue.queue}</bdi>
      </Link>
      <span className="flex flex-wrap gap-x-2 text-sm text-soft">
        {queue.paused && (
          <span className="inline-flex items-center gap-1 font-medium text-attention">
            <Pause size={13} aria-hidden="true" />
            {t("queues.is_paused")}
          </span>
        )}
        {queue.workers === 0 ? (
          <span className="inline-flex items-center gap-1 font-medium text-danger">
            <CircleAlert size={13} aria-hidden="true" />
            {t("queues.no_worker")}
          </span>
        ) : (
          t("queues.workers", { count: queue.workers })
        )}
      </span>
    </th>
  );
}

function QueueRow({ queue, isShown, onAsk }: { queue: Queue; isShown: boolean; onAsk(): void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const rate = useRate();
  const age = useAge();
  const isOld = (queue.oldest_s ?? 0) > OLD_S;
  return (
    <tr data-queue={queue.queue} className={isShown ? "bg-sunken" : ""}>
      <Name queue={queue} isShown={isShown} />
      <td className={CELL}>{formats.number(queue.waiting)}</td>
      <td className={WIDE}>{formats.number(queue.running)}</td>
      <td className={`${CELL} ${isOld ? "font-medium text-attention" : ""}`}>{age(queue.oldest_s)}</td>
      <td className={WIDE}>{rate(queue.arriving_per_s)}</td>
      <td className={WIDE}>{rate(queue.leaving_per_s)}</td>
      <td className={WIDE}>{rate(queue.failing_per_s)}</td>
      <td className={WIDE}>
        {queue.dead === 0 ? (
          formats.number(0)
        ) : (
          <Link to="/queues/dead-letters" search={{ queue: queue.queue }} className="font-medium text-danger underline">
            {formats.number(queue.dead)}
          </Link>
        )}
      </td>
      <td className="px-3 py-2 text-end">
        <Button small onClick={onAsk} aria-label={t(queue.paused ? "queues.resume_named" : "queues.pause_named", { queue: queue.queue })}>
          {queue.paused ? <Play size={15} aria-hidden="true" /> : <Pause size={15} aria-hidden="true" />}
          <span className="hidden sm:inline">{t(queue.paused ? "queues.resume" : "queues.pause")}</span>
        </Button>
      </td>
    </tr>
  );
}

function Ask({ queue, onClose }: { queue: Queue; onClose(): void }) {
  const { t } = useTranslation();
  const pause = usePause();
  const paused = !queue.paused;
  return (
    <Confirm
      title={t(paused ? "queues.pause_title" : "queues.resume_title", { queue: queue.queue })}
      body={t(paused ? "queues.pause_body" : "queues.resume_body")}
      action={t(paused ? "queues.pause" : "queues.resume")}
      busy={pause.isPending}
      error={pause.error}
      onConfirm={() =>
        pause.mutate(
          { queue: queue.queue, paused },
          {
            onSuccess: () => {
              say(t(paused ? "queues.paused" : "queues.resumed", { queue: queue.queue }));
              onClose();
            },
          },
        )
      }
      onClose={onClose}
    />
  );
}

const HEADS = [
  ["waiting", CELL],
  ["running", WIDE],
  ["oldest", CELL],
  ["arriving", WIDE],
  ["leaving", WIDE],
  ["failing", WIDE],
  ["dead", WIDE],
] as const;

function QueueTable({ queues, shown }: { queues: readonly Queue[]; shown: string }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Queue | null>(null);
  return (
    <div className="overflow-hidden rounded-2xl border border-line bg-raised">
      <table className="w-full">
        <caption className="sr-only">{t("queues.title")}</caption>
        <thead className="border-b border-line text-sm text-soft">
          <tr>
            <th scope="col" className="px-4 py-2 text-start font-normal">
              {t("queues.queue")}
            </th>
            {HEADS.map(([word, look]) => (
              <th key={word} scope="col" className={`${look} font-normal`}>
                {t(`queues.${word}`)}
              </th>
            ))}
            <th scope="col">
              <span className="sr-only">{t("queues.act")}</span>
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {queues.map((queue) => (
            <QueueRow key={queue.queue} queue={queue} isShown={queue.queue === shown} onAsk={() => setAsked(queue)} />
          ))}
        </tbody>
      </table>
      {asked && <Ask queue={asked} onClose={() => setAsked(null)} />}
    </div>
  );
}

export function QueuesPage() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const may = useMay("platform:operate");
  const { queue: shown = "high" } = useSearch({ from: "/frame/queues" });
  const query = useQueues(may);
  if (me && !may) return <Denied heading="h1" />;
  return (
    <Page wide title={t("queues.title")} intro={t("queues.intro")} tabs={<QueueTabs />}>
      {query.isRefetchError && <ProblemNote error={query.error} text={t("queues.stale")} />}
      <Loaded query={query}>
        {(queues) => (
          <>
            <QueueTable queues={queues} shown={shown} />
            <QueuePlot queue={shown} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
