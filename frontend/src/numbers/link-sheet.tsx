// Links a number: the code, how to scan it, and how the attempt ended.
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useQueryClient } from "@tanstack/react-query";
import type { Session } from "@/api/objects";
import { Sheet } from "@/parts/dialog";
import { ProblemNote } from "@/parts/problem-note";
import { HowTo } from "./how-to";
import { isFinal, useLinkCode } from "./link-code";
import { LinkEnd } from "./link-end";
import { LinkPicture } from "./link-picture";
import { RoomNote } from "./room-note";
import { sessionName, useAct } from "./sessions";

function LinkAttempt({ session, name, onAgain, onClose }: { session: Session; name: string; onAgain(): void; onClose(): void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { code, problem } = useLinkCode(session.id);
  const act = useAct();
  const state = code?.state;
  const ended = code !== null && isFinal(code.state);

  useEffect(() => {
    if (ended) void queries.invalidateQueries({ queryKey: ["get", "/v1/sessions"] });
  }, [ended, queries]);

  const again = () => act.mutate({ id: session.id, act: "connect" }, { onSuccess: onAgain });

  return (
    <Sheet wide={!ended} title={t("link.title", { name })} description={ended ? undefined : t("link.intro")} onClose={onClose}>
      <div className="grid gap-4">
        {act.isError && <ProblemNote error={act.error} />}
        <RoomNote act={act} />
        {problem && <ProblemNote error={problem} />}
        {ended && state ? (
          <LinkEnd phone={session.phone} state={state} reason={code?.reason ?? null} busy={act.isPending} onAgain={again} onClose={onClose} />
        ) : (
          <div className="grid items-center gap-6 md:grid-cols-[auto_1fr]">
            <LinkPicture code={code} name={name} />
            <HowTo />
          </div>
        )}
      </div>
    </Sheet>
  );
}

/** The sheet of one number; each new try is an attempt of its own. */
export function LinkSheet({ session, onClose }: { session: Session; onClose(): void }) {
  const { t } = useTranslation();
  const [attempt, setAttempt] = useState(0);
  const name = sessionName(session, t("numbers.unnamed"));
  return <LinkAttempt key={attempt} session={session} name={name} onAgain={() => setAttempt(attempt + 1)} onClose={onClose} />;
}
