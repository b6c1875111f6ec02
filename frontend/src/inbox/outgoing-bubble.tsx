// A message that the API has not stored yet, or refused.
import { CircleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { useProblemText } from "@/parts/problem-text";
import { Clock } from "@/parts/time";
import { BubbleBox, BubbleText } from "./bubble";
import { type Outgoing, dropSend, retrySend } from "./outbox";
import { Ticks } from "./ticks";

export function OutgoingBubble({ outgoing }: { outgoing: Outgoing }) {
  const { t } = useTranslation();
  const words = useProblemText();
  const refused = outgoing.state === "refused";
  return (
    <BubbleBox out>
      <BubbleText out text={outgoing.text}>
        <Clock at={new Date(outgoing.at).toISOString()} />
        <Ticks status={refused ? "failed" : "queued"} word={refused} />
      </BubbleText>
      {refused && (
        <div role="alert" className="flex max-w-[min(36rem,85%)] flex-wrap items-center justify-end gap-2 text-sm text-danger">
          <span className="flex gap-2">
            <CircleAlert size={16} aria-hidden="true" className="mt-0.5 shrink-0" />
            {words(outgoing.problem)}
          </span>
          <Button small onClick={() => retrySend(outgoing.key)}>
            {t("inbox.retry")}
          </Button>
          <Button small look="quiet" onClick={() => dropSend(outgoing.key)}>
            {t("inbox.drop")}
          </Button>
        </div>
      )}
    </BubbleBox>
  );
}
