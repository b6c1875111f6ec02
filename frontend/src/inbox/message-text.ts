// The words of a message, or a sentence for what has none.
import { useTranslation } from "react-i18next";
import type { Message } from "@/api/objects";

export function useMessageText(): (message: Pick<Message, "kind" | "text">) => string {
  const { t } = useTranslation();
  return ({ kind, text }) => {
    if (kind === "text") return text ?? "";
    return kind === "waiting" ? t("inbox.kind_waiting") : t("inbox.kind_unsupported");
  };
}
