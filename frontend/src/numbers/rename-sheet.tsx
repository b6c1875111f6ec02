// Gives a number another name.
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Session } from "@/api/objects";
import { Sheet } from "@/parts/dialog";
import { Field } from "@/parts/field";
import { FormButtons } from "@/parts/form-buttons";
import { ProblemNote } from "@/parts/problem-note";
import { say } from "@/parts/toast";
import { NAME_MAX } from "./add-sheet";
import { useRename } from "./sessions";

export function RenameSheet({ session, onClose }: { session: Session; onClose(): void }) {
  const { t } = useTranslation();
  const rename = useRename();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
    rename.mutate(
      { id: session.id, name },
      {
        onSuccess: () => {
          say(t("numbers.renamed"));
          onClose();
        },
      },
    );
  };
  return (
    <Sheet title={t("numbers.rename")} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {rename.isError && <ProblemNote error={rename.error} />}
        <Field label={t("numbers.name")} hint={t("numbers.name_hint")} name="name" dir="auto" defaultValue={session.name} maxLength={NAME_MAX} required />
        <FormButtons action={t("common.save")} busy={rename.isPending} onClose={onClose} />
      </form>
    </Sheet>
  );
}
