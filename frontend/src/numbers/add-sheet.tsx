// Names a new number, then goes on to its code.
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Sheet } from "@/parts/dialog";
import { Field } from "@/parts/field";
import { FormButtons } from "@/parts/form-buttons";
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
        <FormButtons action={t("numbers.add_submit")} busy={add.isPending || act.isPending} onClose={onClose} />
      </form>
    </Sheet>
  );
}
