// Where an answer is written. Enter sends, Shift+Enter breaks; what is not sent stays as a draft.
import { CircleAlert, SendHorizontal } from "lucide-react";
import type { KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Chat } from "@/api/objects";
import { sessionName, useSessions } from "@/numbers/sessions";
import { ownDirection } from "@/parts/own-direction";
import { recipientOf } from "./chats";
import { keepDraft, useDraft } from "./drafts";
import { sendText } from "./outbox";
import { charactersOver } from "./text-limit";

export function Composer({ chat }: { chat: Chat }) {
  const { t } = useTranslation();
  const text = useDraft(chat.id);
  const { data: sessions } = useSessions();
  const session = sessions?.find((each) => each.id === chat.session_id);
  const down = session && session.state !== "connected" && session.state !== "restricted";
  const to = recipientOf(chat);
  const over = charactersOver(text);
  const ready = text.trim() !== "" && over === 0;

  if (to === null) return <p className="border-t border-line bg-raised p-4 text-soft">{t("inbox.no_recipient")}</p>;

  const send = () => {
    if (!ready) return;
    sendText({ chat: chat.id, session: chat.session_id, to, text });
    keepDraft(chat.id, "");
  };
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="grid gap-2 border-t border-line bg-raised p-3"
    >
      {down && (
        <p className="flex items-center gap-2 text-sm text-attention">
          <CircleAlert size={16} aria-hidden="true" className="shrink-0" />
          {t("inbox.session_down", { name: sessionName(session, t("numbers.unnamed")) })}
        </p>
      )}
      <div className="flex items-end gap-2">
        <textarea
          id="composer"
          dir={ownDirection(text)}
          rows={1}
          value={text}
          aria-label={t("inbox.composer")}
          aria-describedby="composer-note"
          aria-invalid={over > 0 || undefined}
          placeholder={t("inbox.composer")}
          onChange={(event) => keepDraft(chat.id, event.target.value)}
          onKeyDown={press}
          className="field field-sizing-content max-h-44 resize-none py-2.5 text-start"
        />
        <button
          type="submit"
          aria-label={t("inbox.send")}
          title={t("inbox.send")}
          disabled={!ready}
          className="grid size-10 shrink-0 place-items-center rounded-card bg-accent text-accent-ink transition-colors duration-100 hover:bg-accent-strong disabled:bg-sunken disabled:text-soft"
        >
          <SendHorizontal size={18} aria-hidden="true" className="rtl:-scale-x-100" />
        </button>
      </div>
      <p id="composer-note" className={`text-[12px] ${over > 0 ? "text-danger" : "hidden text-soft sm:block"}`}>
        {over > 0 ? t("inbox.too_long", { count: over }) : t("inbox.keys")}
      </p>
    </form>
  );
}
