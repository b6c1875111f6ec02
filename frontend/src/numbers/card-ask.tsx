// The questions behind the menu of a number.
import { useTranslation } from "react-i18next";
import type { Session } from "@/api/objects";
import { Confirm } from "@/parts/confirm";
import { say } from "@/parts/toast";
import type { Ask } from "./card-menu";
import { RenameSheet } from "./rename-sheet";
import { useAct } from "./sessions";

interface Props {
  session: Session;
  name: string;
  ask: Ask;
  onClose(): void;
}

export function CardAsk({ session, name, ask, onClose }: Props) {
  const { t } = useTranslation();
  const act = useAct();
  if (ask === "rename") return <RenameSheet session={session} onClose={onClose} />;
  const confirm = () =>
    act.mutate(
      { id: session.id, act: ask },
      {
        onSuccess: () => {
          if (ask === "delete") say(t("numbers.deleted"));
          onClose();
        },
      },
    );
  return (
    <Confirm
      title={t(`numbers.${ask}_title`, { name })}
      body={t(`numbers.${ask}_body`)}
      action={t(`numbers.${ask}`)}
      dangerous={ask !== "disconnect" && ask !== "restart"}
      busy={act.isPending}
      error={act.error}
      onConfirm={confirm}
      onClose={onClose}
    />
  );
}
