// A list without chats: nothing found, or nothing there yet and what to do about it.
import { Link } from "@tanstack/react-router";
import { Inbox, SearchX } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useSessions } from "@/numbers/sessions";
import { buttonClass } from "@/parts/button";
import { Blank } from "@/parts/states";

export function NoChats({ q }: { q: string | undefined }) {
  const { t } = useTranslation();
  const { data: sessions } = useSessions();
  if (q) return <Blank icon={SearchX} title={t("inbox.no_match", { query: q })} />;
  const noNumber = sessions?.every((each) => each.phone === null) ?? false;
  return (
    <Blank
      icon={Inbox}
      title={t("inbox.empty_title")}
      action={
        noNumber && (
          <Link to="/numbers" className={buttonClass("primary")}>
            {t("inbox.go_numbers")}
          </Link>
        )
      }
    >
      {noNumber ? t("inbox.empty_no_number") : t("inbox.empty")}
    </Blank>
  );
}
