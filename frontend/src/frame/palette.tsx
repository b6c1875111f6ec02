// The palette: any page, chat, number or choice by a few letters.
import { Command } from "cmdk";
import { useNavigate } from "@tanstack/react-router";
import { keepPreviousData } from "@tanstack/react-query";
import { Languages, LogOut, MessageSquare, Moon, Smartphone, Sun } from "lucide-react";
import { Dialog } from "radix-ui";
import { type ReactNode, useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { chatName } from "@/inbox/chats";
import { Marked } from "@/inbox/marked";
import { chooseTheme } from "@/look/theme";
import { sessionName, useSessions } from "@/numbers/sessions";
import { Scrim } from "@/parts/dialog";
import { ownDirection } from "@/parts/own-direction";
import { signOut } from "@/sign-in/account";
import { LANGUAGES, chooseLanguage, currentLanguage } from "@/words/language";
import { LANGUAGE_NAMES } from "@/words/names";
import { DOCS, usePlaces } from "./pages";

const LONGEST = 100;
const CHATS = 6;
const ICON = { size: 17, "aria-hidden": true, className: "shrink-0 text-soft" } as const;
const GROUP =
  "[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-sm [&_[cmdk-group-heading]]:text-soft";

interface RowProps {
  value: string;
  icon: ReactNode;
  onSelect(): void;
  children: ReactNode;
}

function Row({ value, icon, onSelect, children }: RowProps) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex min-h-10 cursor-pointer items-center gap-3 rounded-md px-3 select-none data-[selected=true]:bg-sunken"
    >
      {icon}
      <span className="min-w-0 truncate">{children}</span>
    </Command.Item>
  );
}

/** The chats that match what was typed. The server has matched them, so each counts as a match of the text here too. */
function Chats({ q, text, go }: { q: string; text: string; go(chat: string): void }) {
  const { t } = useTranslation();
  const query = { q, limit: CHATS };
  const { data } = api.useQuery("get", "/v1/chats", { params: { query } }, { placeholderData: keepPreviousData, enabled: q !== "" });
  if (q === "" || !data || data.data.length === 0) return null;
  return (
    <Command.Group heading={t("inbox.chats")} className={GROUP}>
      {data.data.map((chat) => (
        <Row key={chat.id} value={`${text} ${chat.id}`} icon={<MessageSquare {...ICON} />} onSelect={() => go(chat.id)}>
          <bdi dir={chat.name ? undefined : "ltr"}>
            <Marked text={chatName(chat, t("inbox.unknown_sender"))} q={q} />
          </bdi>
        </Row>
      ))}
    </Command.Group>
  );
}

function Choices({ then }: { then(act: () => unknown): void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const leave = async () => {
    await signOut().catch(() => undefined);
    await navigate({ to: "/sign-in" });
  };
  return (
    <Command.Group heading={t("palette.do")} className={GROUP}>
      {LANGUAGES.filter((each) => each !== currentLanguage()).map((each) => (
        <Row key={each} value={`${LANGUAGE_NAMES[each]} ${each}`} icon={<Languages {...ICON} />} onSelect={() => then(() => chooseLanguage(each))}>
          <span lang={each}>{LANGUAGE_NAMES[each]}</span>
        </Row>
      ))}
      <Row value={t("palette.light")} icon={<Sun {...ICON} />} onSelect={() => then(() => chooseTheme("light"))}>
        {t("palette.light")}
      </Row>
      <Row value={t("palette.dark")} icon={<Moon {...ICON} />} onSelect={() => then(() => chooseTheme("dark"))}>
        {t("palette.dark")}
      </Row>
      <Row value={t("account.sign_out")} icon={<LogOut {...ICON} />} onSelect={() => then(leave)}>
        {t("account.sign_out")}
      </Row>
    </Command.Group>
  );
}

function Found({ q, text, then }: { q: string; text: string; then(act: () => unknown): void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const places = usePlaces();
  const { data: sessions } = useSessions();
  return (
    <Command.List aria-label={t("palette.found")} className="max-h-[min(26rem,60dvh)] overflow-y-auto p-2">
      <Command.Empty className="p-6 text-center text-soft">{t("palette.nothing")}</Command.Empty>
      <Chats q={q} text={text} go={(chatId) => then(() => navigate({ to: "/inbox/$chatId", params: { chatId } }))} />
      <Command.Group heading={t("palette.go")} className={GROUP}>
        {places.map(({ to, icon: Icon, word }) => (
          <Row key={to} value={`${t(`nav.${word}`)} ${word}`} icon={<Icon {...ICON} />} onSelect={() => then(() => navigate({ to }))}>
            {t(`nav.${word}`)}
          </Row>
        ))}
        <Row value={`${t("nav.docs")} docs`} icon={<DOCS.icon {...ICON} />} onSelect={() => then(() => location.assign(DOCS.href))}>
          {t("nav.docs")}
        </Row>
      </Command.Group>
      {q !== "" && sessions && sessions.length > 0 && (
        <Command.Group heading={t("nav.numbers")} className={GROUP}>
          {sessions.map((each) => (
            <Row
              key={each.id}
              value={`${each.name} ${each.phone ?? ""} ${each.id}`}
              icon={<Smartphone {...ICON} />}
              onSelect={() => then(() => navigate({ to: "/inbox", search: { number: each.id } }))}
            >
              <bdi>{sessionName(each, t("numbers.unnamed"))}</bdi>
            </Row>
          ))}
        </Command.Group>
      )}
      <Choices then={then} />
    </Command.List>
  );
}

export function Palette({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const then = (act: () => unknown) => {
    onClose();
    void act();
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Scrim />
        <Dialog.Content
          aria-describedby={undefined}
          className="arrive fixed inset-x-3 top-16 z-40 mx-auto max-w-xl rounded-2xl border border-line bg-raised outline-none sm:top-24"
        >
          <Dialog.Title className="sr-only">{t("palette.open")}</Dialog.Title>
          <Command label={t("palette.open")} loop>
            <Command.Input
              dir={ownDirection(text)}
              value={text}
              onValueChange={setText}
              maxLength={LONGEST}
              placeholder={t("palette.hint")}
              className="w-full rounded-t-2xl border-b border-line bg-transparent px-5 py-4 text-lg outline-none focus-visible:border-accent"
            />
            <Found q={q} text={text} then={then} />
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
