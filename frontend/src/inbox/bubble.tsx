// One message. Its own words decide its direction, so Hebrew and English read right in both.
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Message } from "@/api/objects";
import { useReasons } from "@/api/reasons";
import { Button } from "@/parts/button";
import { Clock } from "@/parts/time";
import { withLinks } from "./links";
import { useMessageText } from "./message-text";
import { sendText } from "./outbox";
import { Ticks } from "./ticks";

export function BubbleBox({ out, id, sought = false, children }: { out: boolean; id?: string; sought?: boolean; children: ReactNode }) {
  return (
    <div className={`flex flex-col gap-1 ${out ? "items-end" : "items-start"}`} data-message={id} aria-current={sought || undefined}>
      {children}
    </div>
  );
}

function Linked({ text }: { text: string }) {
  return withLinks(text).map(({ text: piece, href }, at) =>
    href === null ? (
      piece
    ) : (
      // The pieces of one text never change places.
      // oxlint-disable-next-line react/no-array-index-key
      <a key={at} href={href} target="_blank" rel="noopener noreferrer" dir="ltr" className="break-all underline underline-offset-2">
        {piece}
      </a>
    ),
  );
}

interface TextProps {
  out: boolean;
  soft?: boolean;
  /** It stands out among the others. */
  sought?: boolean;
  text: string;
  children: ReactNode;
}

export function BubbleText({ out, soft = false, sought = false, text, children }: TextProps) {
  return (
    <div
      className={`max-w-[min(36rem,85%)] rounded-xl px-3 py-2 ${out ? "rounded-ee-sm bg-bubble" : "rounded-es-sm border border-line bg-raised"} ${sought ? "outline-2 outline-attention" : ""}`}
    >
      <p dir="auto" className={`break-words whitespace-pre-wrap [unicode-bidi:plaintext] ${soft ? "text-soft italic" : ""}`}>
        <Linked text={text} />
      </p>
      <p className="mt-0.5 flex items-center justify-end gap-2 text-[12px] text-soft">{children}</p>
    </div>
  );
}

function Failure({ message }: { message: Message }) {
  const { t } = useTranslation();
  const reason = useReasons()(message.error?.code);
  const again = () => {
    if (message.text === null || message.to === null) return;
    sendText({ chat: message.chat_id, session: message.session_id, to: message.to, text: message.text });
  };
  return (
    <div className="flex max-w-[min(36rem,85%)] flex-wrap items-center justify-end gap-2 text-sm text-danger">
      <span className="flex gap-2">
        <CircleAlert size={16} aria-hidden="true" className="mt-0.5 shrink-0" />
        {reason ? [reason.sentence, reason.nextStep].filter(Boolean).join(" ") : message.error?.detail}
      </span>
      <Button small onClick={again}>
        {t("inbox.retry")}
      </Button>
    </div>
  );
}

export function Bubble({ message, newestOut, sought }: { message: Message; newestOut: boolean; sought: boolean }) {
  const { t } = useTranslation();
  const words = useMessageText();
  const out = message.direction === "outbound";
  return (
    <BubbleBox out={out} id={message.id} sought={sought}>
      <BubbleText out={out} soft={message.kind !== "text"} sought={sought} text={words(message)}>
        {message.source === "phone" && out && <span>{t("inbox.from_phone")}</span>}
        {message.source === "api" && out && <span>{t("inbox.from_api")}</span>}
        <Clock at={message.created_at} />
        {out && <Ticks status={message.status} word={newestOut || message.status === "failed"} />}
      </BubbleText>
      {message.status === "failed" && <Failure message={message} />}
    </BubbleBox>
  );
}
