// Writes first: to a phone number, from one of the connected numbers.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useId, useRef, useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import { client } from "@/api/client";
import { sessionName, useSessions } from "@/numbers/sessions";
import { Button } from "@/parts/button";
import { Sheet } from "@/parts/dialog";
import { Field } from "@/parts/field";
import { useOwnDirection } from "@/parts/own-direction";
import { ProblemNote } from "@/parts/problem-note";
import { Phone } from "@/parts/time";
import { toE164 } from "./phone";

const TEXT_MAX = 4_096;

interface Words {
  session: string;
  to: string;
  text: string;
}

/** One key for as long as the words stay the same: trying again cannot send twice. */
function useKeyFor(): (words: Words) => string {
  const last = useRef({ words: "", key: "" });
  return (words) => {
    const now = JSON.stringify(words);
    if (last.current.words !== now) last.current = { words: now, key: crypto.randomUUID() };
    return last.current.key;
  };
}

function useSendFirst(onSent: (chat: string) => void) {
  const queries = useQueryClient();
  const keyFor = useKeyFor();
  return useMutation({
    mutationFn: async (words: Words) => {
      const { data } = await client.POST("/v1/messages", {
        params: { header: { "Idempotency-Key": keyFor(words) } },
        body: { session_id: words.session, to: words.to, text: words.text },
      });
      return data?.chat_id ?? "";
    },
    onSuccess: (chat) => {
      void queries.invalidateQueries({ queryKey: ["get", "/v1/chats"] });
      onSent(chat);
    },
  });
}

export function NewChat({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const id = useId();
  const navigate = useNavigate();
  const { data: sessions } = useSessions();
  const usable = sessions?.filter((each) => each.phone !== null) ?? [];
  const [bad, setBad] = useState(false);
  const direction = useOwnDirection("");
  const send = useSendFirst((chatId) => {
    onClose();
    void navigate({ to: "/inbox/$chatId", params: { chatId } });
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const to = toE164(String(form.get("phone") ?? ""));
    setBad(to === null);
    if (to !== null) send.mutate({ session: String(form.get("from")), to, text: String(form.get("text") ?? "") });
  };
  return (
    <Sheet title={t("new_chat.title")} onClose={onClose}>
      {sessions && usable.length === 0 ? (
        <p>{t("new_chat.no_number")}</p>
      ) : (
        <form onSubmit={submit} className="grid gap-4">
          {send.isError && <ProblemNote error={send.error} />}
          <Field
            label={t("new_chat.phone")}
            hint={<Trans i18nKey="new_chat.phone_hint" components={{ phone: <Phone value="+972 50 123 4567" /> }} />}
            error={bad ? t("new_chat.phone_bad") : null}
            name="phone"
            type="tel"
            dir="ltr"
            autoComplete="off"
            required
          />
          <div className={usable.length > 1 ? "grid gap-1" : "hidden"}>
            <label htmlFor={`${id}-from`} className="font-medium">
              {t("new_chat.from")}
            </label>
            <select id={`${id}-from`} name="from" className="field">
              {usable.map((each) => (
                <option key={each.id} value={each.id}>
                  {sessionName(each, t("numbers.unnamed"))}
                </option>
              ))}
            </select>
          </div>
          <div className="grid gap-1">
            <label htmlFor={`${id}-text`} className="font-medium">
              {t("new_chat.text")}
            </label>
            <textarea id={`${id}-text`} name="text" {...direction} rows={3} maxLength={TEXT_MAX} required className="field py-2.5" />
          </div>
          <div className="flex flex-wrap justify-end gap-2">
            <Button onClick={onClose}>{t("common.cancel")}</Button>
            <Button type="submit" look="primary" busy={send.isPending}>
              {send.isPending ? t("new_chat.working") : t("new_chat.submit")}
            </Button>
          </div>
        </form>
      )}
    </Sheet>
  );
}
