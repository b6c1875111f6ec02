// One number: who it is, how it is and why, and the one thing to do next.
import { useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { Session } from "@/api/objects";
import { useReasons } from "@/api/reasons";
import { Button } from "@/parts/button";
import { ProblemNote } from "@/parts/problem-note";
import { Moment, Phone } from "@/parts/time";
import { useFormats } from "@/words/formats";
import { CardMenu, type Ask } from "./card-menu";
import { CardAsk } from "./card-ask";
import { RoomNote } from "./room-note";
import { sessionName, useAct } from "./sessions";
import { StateChip } from "./state-chip";
import { isLinking, lookOf } from "./state-look";

function Why({ session }: { session: Session }) {
  const { t } = useTranslation();
  const reason = useReasons()(session.reason);
  if (!reason || session.state === "connected") return null;
  return (
    <div className="grid gap-1">
      <p>{reason.sentence}</p>
      {reason.nextStep && (
        <p className="text-soft">
          <span className="font-medium text-ink">{t("numbers.next")}</span> {reason.nextStep}
        </p>
      )}
    </div>
  );
}

function Facts({ session }: { session: Session }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <dl className="grid grid-cols-2 gap-3 border-t border-line pt-4 text-sm">
      <div>
        <dt className="text-soft">{t("numbers.today")}</dt>
        <dd className="text-lg font-medium tabular-nums">{formats.number(session.messages_today)}</dd>
      </div>
      <div>
        <dt className="text-soft">{t("numbers.phone_seen")}</dt>
        <dd className="text-lg">{session.phone_seen_at ? <Moment at={session.phone_seen_at} /> : t("numbers.never")}</dd>
      </div>
    </dl>
  );
}

interface Props {
  session: Session;
  mayManage: boolean;
  onLink(): void;
}

export function NumberCard({ session, mayManage, onLink }: Props) {
  const { t } = useTranslation();
  const [ask, setAsk] = useState<Ask | null>(null);
  const act = useAct();
  const name = sessionName(session, t("numbers.unnamed"));
  const { canConnect } = lookOf(session.state);
  const linking = session.state === "awaiting_scan" || (isLinking(session.state) && session.phone === null);
  const connect = () =>
    act.mutate(
      { id: session.id, act: "connect" },
      { onSuccess: () => (session.state === "disconnected" && session.reason === "by_user" && session.phone ? undefined : onLink()) },
    );
  return (
    <li data-session={session.id} className="flex flex-col gap-4 rounded-2xl border border-line bg-raised p-5">
      <div className="flex items-start gap-2">
        <div className="min-w-0 grow">
          <h2 className="truncate text-lg font-semibold">
            <bdi>{name}</bdi>
          </h2>
          <p className="text-soft">{session.phone ? <Phone value={session.phone} /> : t("numbers.no_phone")}</p>
        </div>
        {mayManage && <CardMenu session={session} name={name} onAsk={setAsk} />}
      </div>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <StateChip state={session.state} />
        <span className="text-sm text-soft">
          <Trans i18nKey="numbers.since" components={{ time: <Moment at={session.since} /> }} />
        </span>
        {session.until && (
          <span className="text-sm text-soft">
            <Trans i18nKey="numbers.until" components={{ time: <Moment at={session.until} /> }} />
          </span>
        )}
      </div>
      <Why session={session} />
      {act.isError && <ProblemNote error={act.error} />}
      <RoomNote act={act} />
      {mayManage && (canConnect || linking) && (
        <div className="flex gap-2">
          <Button look="primary" busy={act.isPending} onClick={linking ? onLink : connect}>
            {linking ? t("numbers.show_code") : session.phone ? t("numbers.reconnect") : t("numbers.connect")}
          </Button>
        </div>
      )}
      <div className="mt-auto">
        <Facts session={session} />
      </div>
      {ask && <CardAsk session={session} name={name} ask={ask} onClose={() => setAsk(null)} />}
    </li>
  );
}
