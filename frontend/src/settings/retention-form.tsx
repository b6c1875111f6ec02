// For how long the business keeps its messages and events; asks before it keeps less.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "@/api/client";
import type { OwnBusiness } from "@/api/objects";
import { Button } from "@/parts/button";
import { Confirm } from "@/parts/confirm";
import { Field } from "@/parts/field";
import { say } from "@/parts/toast";

type Retention = OwnBusiness["retention"];

const MESSAGES_DAYS_MOST = 3_650;
const EVENTS_DAYS_MOST = 7;

function daysOf(form: FormData, name: string): number | null {
  const text = String(form.get(name) ?? "").trim();
  return text === "" ? null : Number(text);
}

function useRetain() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (retention: Retention) => client.PATCH("/v1/business", { body: { retention } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["get", "/v1/business"] }),
  });
}

export function RetentionForm({ retention }: { retention: Retention }) {
  const { t } = useTranslation();
  const retain = useRetain();
  const [asked, setAsked] = useState<Retention | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setAsked({ messages_days: daysOf(form, "messages_days"), events_days: daysOf(form, "events_days") });
  };
  const days = { type: "number", dir: "ltr", min: 1, step: 1, inputMode: "numeric" } as const;
  return (
    <form onSubmit={submit} className="grid max-w-md gap-4">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label={t("settings.keep_messages")}
          hint={t("settings.keep_messages_hint")}
          name="messages_days"
          max={MESSAGES_DAYS_MOST}
          defaultValue={retention.messages_days ?? ""}
          {...days}
        />
        <Field
          label={t("settings.keep_events")}
          hint={t("settings.keep_events_hint")}
          name="events_days"
          max={EVENTS_DAYS_MOST}
          defaultValue={retention.events_days ?? ""}
          {...days}
        />
      </div>
      <Button type="submit" className="justify-self-start">
        {t("common.save")}
      </Button>
      {asked && (
        <Confirm
          title={t("settings.keep_title")}
          body={t("settings.keep_body")}
          action={t("common.save")}
          dangerous
          busy={retain.isPending}
          error={retain.error}
          onConfirm={() =>
            retain.mutate(asked, {
              onSuccess: () => {
                say(t("settings.saved"));
                setAsked(null);
              },
            })
          }
          onClose={() => setAsked(null)}
        />
      )}
    </form>
  );
}
