// Call slots: how many of how many are taken, who holds one and for how long, taking one back, and the limit.
import { CircleAlert, PhoneOff, SlidersHorizontal } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CallSlots, SlotHolder } from "@/api/objects";
import { Button } from "@/parts/button";
import { Confirm } from "@/parts/confirm";
import { Sheet } from "@/parts/dialog";
import { Field } from "@/parts/field";
import { FormButtons } from "@/parts/form-buttons";
import { Loaded } from "@/parts/loaded";
import { Page, Panel, Rows } from "@/parts/page";
import { ProblemNote } from "@/parts/problem-note";
import { Blank, Denied } from "@/parts/states";
import { say } from "@/parts/toast";
import { Duration } from "@/calls/state";
import { useMay, useMe } from "@/sign-in/account";
import { LoadBar } from "./load-bar";
import { useCallLimit, useRelease, useSlots } from "./slots";

/** What a call may be doing, as the slots keep it. */
const PHASES = ["place", "talk", "dial", "record", "stream", "streaming", "stream_done", "stream_failed", "stream_moved"] as const;

function HolderRow({ holder, onRelease }: { holder: SlotHolder; onRelease(): void }) {
  const { t } = useTranslation();
  const phase = PHASES.find((known) => known === holder.phase);
  return (
    <li data-slot={holder.call_sid} className="flex min-h-14 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2">
      <div className="min-w-0 grow">
        <p className="truncate font-medium">
          <bdi dir="ltr">{holder.call_sid}</bdi>
        </p>
        <p className="text-sm text-soft">
          <bdi dir="ltr">{holder.business_id ?? "–"}</bdi> · {phase ? t(`slots.phase_${phase}`) : <bdi dir="ltr">{holder.phase}</bdi>} · <bdi dir="ltr">{holder.owner}</bdi>
        </p>
      </div>
      {!holder.owner_lives && (
        <span className="inline-flex items-center gap-1 text-sm font-medium text-attention">
          <CircleAlert size={14} aria-hidden="true" />
          {t("slots.owner_away")}
        </span>
      )}
      <span className="text-sm text-soft">
        {t("slots.age")} <Duration seconds={holder.age_s} />
      </span>
      <Button small onClick={onRelease} aria-label={t("slots.release_named", { call: holder.call_sid })}>
        <PhoneOff size={15} aria-hidden="true" />
        {t("slots.release")}
      </Button>
    </li>
  );
}

function LimitSheet({ limit, onClose }: { limit: number; onClose(): void }) {
  const { t } = useTranslation();
  const change = useCallLimit();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wanted = Number(new FormData(event.currentTarget).get("limit"));
    change.mutate(wanted, { onSuccess: onClose });
  };
  return (
    <Sheet title={t("slots.limit")} description={t("slots.limit_intro")} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {change.isError && <ProblemNote error={change.error} />}
        <Field label={t("slots.limit_field")} name="limit" type="number" dir="ltr" min={0} max={100_000} defaultValue={limit} required />
        <FormButtons action={t("slots.limit_save")} busy={change.isPending} onClose={onClose} />
      </form>
    </Sheet>
  );
}

function ReleaseAsk({ call, onClose }: { call: string; onClose(): void }) {
  const { t } = useTranslation();
  const release = useRelease();
  const done = () => {
    say(t("slots.released"));
    onClose();
  };
  return (
    <Confirm
      dangerous
      title={t("slots.release_title")}
      body={t("slots.release_body")}
      action={t("slots.release")}
      busy={release.isPending}
      error={release.error}
      onConfirm={() => release.mutate(call, { onSuccess: done })}
      onClose={onClose}
    />
  );
}

function Holders({ slots, onRelease }: { slots: CallSlots; onRelease(call: string): void }) {
  const { t } = useTranslation();
  if (slots.data.length === 0) {
    return (
      <Blank icon={PhoneOff} title={t("slots.none_title")}>
        {t("slots.none")}
      </Blank>
    );
  }
  return (
    <Rows label={t("slots.holders")}>
      {slots.data.map((holder) => (
        <HolderRow key={holder.call_sid} holder={holder} onRelease={() => onRelease(holder.call_sid)} />
      ))}
    </Rows>
  );
}

export function SlotsPage() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const may = useMay("platform:operate");
  const query = useSlots(may);
  const [releasing, setReleasing] = useState<string | null>(null);
  const [limiting, setLimiting] = useState(false);
  if (me && !may) return <Denied heading="h1" />;
  return (
    <Page
      title={t("slots.title")}
      intro={t("slots.intro")}
      action={
        <Button onClick={() => setLimiting(true)}>
          <SlidersHorizontal size={17} aria-hidden="true" />
          {t("slots.limit")}
        </Button>
      }
    >
      {query.isRefetchError && <ProblemNote error={query.error} text={t("queues.stale")} />}
      <Loaded query={query}>
        {(slots) => (
          <>
            <Panel title={t("slots.taken")} intro={slots.warming_s > 0 ? t("slots.warming") : undefined}>
              <dl data-slots={slots.live}>
                <LoadBar label={t("calls.live_now")} value={t("calls.of_limit", { live: slots.live, limit: slots.limit })} part={slots.live / Math.max(slots.limit, 1)} />
              </dl>
            </Panel>
            <Holders slots={slots} onRelease={setReleasing} />
            {limiting && <LimitSheet limit={slots.limit} onClose={() => setLimiting(false)} />}
          </>
        )}
      </Loaded>
      {releasing && <ReleaseAsk call={releasing} onClose={() => setReleasing(null)} />}
    </Page>
  );
}
