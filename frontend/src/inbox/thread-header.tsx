// Whom the open chat is with, and through which number.
import { Link } from "@tanstack/react-router";
import { ArrowLeft, PanelRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Chat } from "@/api/objects";
import { sessionName, useSessions } from "@/numbers/sessions";
import { Avatar } from "@/parts/avatar";
import { IconButton } from "@/parts/button";
import { Phone } from "@/parts/time";
import { Bone } from "@/parts/states";

interface Props {
  chat: Chat | undefined;
  name: string;
  /** Whether the pane with the contact is open. */
  details: boolean;
  onDetails(): void;
}

export function ThreadHeader({ chat, name, details, onDetails }: Props) {
  const { t } = useTranslation();
  const { data: sessions } = useSessions();
  const session = sessions?.find((each) => each.id === chat?.session_id);
  const many = (sessions?.length ?? 0) > 1;
  return (
    <div className="flex min-h-16 items-center gap-3 border-b border-line bg-raised px-3 py-2">
      <Link
        to="/inbox"
        search={(old) => old}
        aria-label={t("inbox.back")}
        className="grid size-10 place-items-center rounded-card text-soft hover:bg-sunken sm:hidden"
      >
        <ArrowLeft size={20} aria-hidden="true" className="rtl:-scale-x-100" />
      </Link>
      {chat ? (
        <>
          <Avatar name={chat.name ?? ""} id={chat.id} />
          <div className="min-w-0 grow">
            <h2 className="truncate text-lg font-semibold">
              <bdi dir={chat.name ? undefined : "ltr"}>{name}</bdi>
            </h2>
            <p className="flex flex-wrap gap-x-2 text-sm text-soft">
              {chat.kind === "group" ? t("inbox.group") : chat.phone && chat.name && <Phone value={chat.phone} />}
              {many && session && <bdi>{sessionName(session, t("numbers.unnamed"))}</bdi>}
            </p>
          </div>
          <IconButton name={t("contact.title")} aria-expanded={details} onClick={onDetails}>
            <PanelRight size={19} aria-hidden="true" className={`rtl:-scale-x-100 ${details ? "text-accent" : ""}`} />
          </IconButton>
        </>
      ) : (
        <Bone className="h-5 w-40" />
      )}
    </div>
  );
}
