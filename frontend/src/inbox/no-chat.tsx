// Beside the list while no chat is open.
import { MessagesSquare } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Blank } from "@/parts/states";

export function NoChat() {
  const { t } = useTranslation();
  return (
    <div className="grid grow place-content-center">
      <Blank icon={MessagesSquare} title={t("inbox.pick_title")}>
        {t("inbox.pick")}
      </Blank>
    </div>
  );
}
