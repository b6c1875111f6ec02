// Dead letters: jobs that will not be tried again unless somebody asks, and asking: one, those of a filter, or all.
import { Link, useSearch } from "@tanstack/react-router";
import { RotateCcw, SkipForward } from "lucide-react";
import { useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { DeadLetter } from "@/api/objects";
import { Button } from "@/parts/button";
import { Confirm } from "@/parts/confirm";
import { Loaded } from "@/parts/loaded";
import { More } from "@/parts/more";
import { Page, Rows } from "@/parts/page";
import { Blank, Denied } from "@/parts/states";
import { Moment } from "@/parts/time";
import { say } from "@/parts/toast";
import { useMay, useMe } from "@/sign-in/account";
import { LetterFilterBar } from "./letter-filter";
import { type LetterFilter, isFiltered } from "./letter-search";
import { useLetters, useRetryAll, useRetryOne } from "./letters";
import { QueueTabs } from "./queue-tabs";
import { useTenantNames } from "./tenants";

/** The payload in one line: ids and numbers, and what is masked. */
function Payload({ payload }: { payload: DeadLetter["payload"] }) {
  const parts = Object.entries(payload).filter(([name]) => name !== "kind");
  return (
    <p className="font-mono text-[12px] break-all text-soft">
      <bdi dir="ltr">{parts.map(([name, value]) => `${name} ${String(value)}`).join(" · ")}</bdi>
    </p>
  );
}

function LetterRow({ letter, name }: { letter: DeadLetter; name: string | undefined }) {
  const { t } = useTranslation();
  const retry = useRetryOne();
  return (
    <li data-letter={letter.id} className="flex min-h-16 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2">
      <div className="min-w-0 grow basis-64">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <bdi dir="ltr" className="font-medium">
            {letter.kind}
          </bdi>
          <bdi dir="ltr" className="rounded-full bg-danger-soft px-2 text-sm text-danger">
            {letter.error ?? "–"}
          </bdi>
          <span className="text-sm text-soft">
            <Trans
              i18nKey="letters.died"
              values={{ tries: t("letters.tries", { count: letter.attempts }) }}
              components={{ queue: <bdi dir="ltr">{letter.queue}</bdi>, time: <Moment at={letter.died_at} /> }}
            />
          </span>
        </p>
        {letter.business_id && (
          <p className="text-sm">
            <Link to="/queues/dead-letters" search={{ business: letter.business_id }} className="text-accent hover:underline">
              <bdi>{name ?? letter.business_id}</bdi>
            </Link>
          </p>
        )}
        <Payload payload={letter.payload} />
        {retry.isError && <p className="text-sm text-danger">{t("letters.gone")}</p>}
      </div>
      <Button small busy={retry.isPending} onClick={() => retry.mutate(letter.id, { onSuccess: () => say(t("letters.retried", { count: 1 })) })}>
        <RotateCcw size={15} aria-hidden="true" />
        {t("letters.retry")}
      </Button>
    </li>
  );
}

function RetryAll({ filter, onClose }: { filter: LetterFilter; onClose(): void }) {
  const { t } = useTranslation();
  const retry = useRetryAll();
  return (
    <Confirm
      title={isFiltered(filter) ? t("letters.retry_found_title") : t("letters.retry_all_title")}
      body={t("letters.retry_all_body")}
      action={isFiltered(filter) ? t("letters.retry_found") : t("letters.retry_all")}
      busy={retry.isPending}
      error={retry.error}
      onConfirm={() =>
        retry.mutate(filter, {
          onSuccess: (count) => {
            say(t("letters.retried", { count }));
            onClose();
          },
        })
      }
      onClose={onClose}
    />
  );
}

const distinct = (values: readonly (string | null | undefined)[]) => [...new Set(values.filter((each) => typeof each === "string"))].toSorted();

function Letters({ filter, letters }: { filter: LetterFilter; letters: readonly DeadLetter[] }) {
  const { t } = useTranslation();
  const names = useTenantNames();
  if (letters.length === 0) {
    return (
      <Blank icon={SkipForward} title={isFiltered(filter) ? t("letters.none") : t("letters.empty")}>
        {isFiltered(filter) ? null : t("letters.empty_why")}
      </Blank>
    );
  }
  return (
    <Rows label={t("letters.title")}>
      {letters.map((letter) => (
        <LetterRow key={letter.id} letter={letter} name={letter.business_id ? names.get(letter.business_id) : undefined} />
      ))}
    </Rows>
  );
}

export function LettersPage() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const may = useMay("platform:operate");
  const filter = useSearch({ from: "/frame/queues/dead-letters" });
  const query = useLetters(filter, may);
  const [asking, setAsking] = useState(false);
  if (me && !may) return <Denied heading="h1" />;
  const letters = query.data ?? [];
  return (
    <Page
      wide
      title={t("letters.title")}
      intro={t("letters.intro")}
      tabs={<QueueTabs />}
      action={
        letters.length > 0 && (
          <Button onClick={() => setAsking(true)}>
            <RotateCcw size={16} aria-hidden="true" />
            {isFiltered(filter) ? t("letters.retry_found") : t("letters.retry_all")}
          </Button>
        )
      }
    >
      <LetterFilterBar
        kinds={distinct([filter.kind, ...letters.map((each) => each.kind)])}
        errors={distinct([filter.error, ...letters.map((each) => each.error)])}
      />
      <Loaded query={query}>
        {(shown) => (
          <>
            <Letters filter={filter} letters={shown} />
            <More query={query} />
          </>
        )}
      </Loaded>
      {asking && <RetryAll filter={filter} onClose={() => setAsking(false)} />}
    </Page>
  );
}
