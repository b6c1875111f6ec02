// Says that a new number waits for a shard with room.
import { useTranslation } from "react-i18next";
import { ProblemNote } from "@/parts/problem-note";
import { isFull, type useAct } from "./sessions";

export function RoomNote({ act }: { act: ReturnType<typeof useAct> }) {
  const { t } = useTranslation();
  if (!act.isPending || !isFull(act.failureReason)) return null;
  return <ProblemNote error={act.failureReason} text={t("link.room")} />;
}
