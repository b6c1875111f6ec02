// Asks before a shard is emptied.
import { useTranslation } from "react-i18next";
import type { Shard } from "@/api/objects";
import { Confirm } from "@/parts/confirm";
import { useDrain } from "./moves";

export function DrainSheet({ shard, onClose }: { shard: Shard; onClose(): void }) {
  const { t } = useTranslation();
  const drain = useDrain();
  return (
    <Confirm
      title={t("shards.drain_title", { n: shard.number })}
      body={t("shards.drain_body", { count: shard.sessions })}
      action={t("shards.drain")}
      busy={drain.isPending}
      error={drain.error}
      onConfirm={() => drain.mutate(shard.number, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
