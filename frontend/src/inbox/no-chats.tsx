// A list without chats: nothing found, or nothing there yet and what to do about it.
import { Link } from "@tanstack/react-router";
import { Inbox, MailCheck, SearchX } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useSessions } from "@/numbers/sessions";
import { buttonClass } from "@/parts/button";
import { Blank } from "@/parts/states";
import { type Filter, isFiltered } from "./filter";

export function NoChats({ filter }: { filter: Filter }) {
  const { t } = useTranslation();
  const { data: sessions } = useSessions();
  if (filter.q) return <Blank icon={SearchX} title={t("inbox.no_match", { query: filter.q })} />;
  if (isFiltered(filter)) {
    return (
      <Blank
        icon={MailCheck}
        title={filter.unread ? t("inbox.all_read") : t("inbox.none_of_number")}
        action={
          <Link to="/inbox" search={{}} className={buttonClass()}>
            {t("inbox.show_all")}
          </Link>
        }
      />
    );
  }
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
