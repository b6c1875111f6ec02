// Names a new number, then goes on to its code.
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { Sheet } from "@/parts/dialog";
import { Field } from "@/parts/field";
import { ProblemNote } from "@/parts/problem-note";
import { RoomNote } from "./room-note";
import { useAct, useAdd } from "./sessions";

export const NAME_MAX = 100;

export function AddSheet({ onClose, onAdded }: { onClose(): void; onAdded(id: string): void }) {
  const { t } = useTranslation();
  const add = useAdd();
  const act = useAct();
  const problem = add.error ?? act.error;
  const connect = (id: string) => act.mutate({ id, act: "connect" }, { onSuccess: () => onAdded(id) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
    add.mutate(name, { onSuccess: connect });
  };
  return (
    <Sheet title={t("numbers.add")} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {problem && <ProblemNote error={problem} />}
        <RoomNote act={act} />
        <Field
          label={t("numbers.name")}
          hint={t("numbers.name_hint")}
          name="name"
          dir="auto"
          placeholder={t("numbers.name_example")}
          maxLength={NAME_MAX}
          autoComplete="off"
          required
        />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" busy={add.isPending || act.isPending}>
            {t("numbers.add_submit")}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
