// Ends a live call, or takes back one that still waits for a line, after asking.
import { PhoneOff } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Call } from "@/api/objects";
import { asProblem } from "@/api/problem";
import { Button } from "@/parts/button";
import { Confirm } from "@/parts/confirm";
import { say } from "@/parts/toast";
import { useMay } from "@/sign-in/account";
import { useHangUp } from "./calls";

function Ask({ call, onClose }: { call: Call; onClose(): void }) {
  const { t } = useTranslation();
  const hangUp = useHangUp();
  const waits = call.waits_until !== null;
  const finish = (words: string) => {
    say(words);
    onClose();
  };
  const confirm = () =>
    hangUp.mutate(call.call_sid, {
      onSuccess: ({ data }) => finish(data?.state === "canceled" ? t("calls.canceled_now") : t("calls.hung_up_now")),
      // What was wanted is so.
      onError: (error) => asProblem(error).code === "call_over" && finish(t("calls.over_already")),
    });
  return (
    <Confirm
      dangerous
      title={waits ? t("calls.cancel_title") : t("calls.hang_up_title")}
      body={waits ? t("calls.cancel_body") : t("calls.hang_up_body")}
      action={waits ? t("calls.cancel_call") : t("calls.hang_up")}
      busy={hangUp.isPending}
      error={hangUp.error}
      onConfirm={confirm}
      onClose={onClose}
    />
  );
}

/** The button, for whoever may, while there is something to end. */
export function HangUp({ call }: { call: Call }) {
  const { t } = useTranslation();
  const may = useMay("calls:write");
  const [asking, setAsking] = useState(false);
  if (!may || call.ended_at !== null) return null;
  if (call.hangup_at !== null) {
    return (
      <p role="status" className="text-soft">
        {t("calls.hanging_up")}
      </p>
    );
  }
  return (
    <div>
      <Button look="danger" onClick={() => setAsking(true)}>
        <PhoneOff size={17} aria-hidden="true" />
        {call.waits_until === null ? t("calls.hang_up") : t("calls.cancel_call")}
      </Button>
      {asking && <Ask call={call} onClose={() => setAsking(false)} />}
    </div>
  );
}
