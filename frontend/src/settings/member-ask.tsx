// The questions behind the menu of a member: another role, or removal.
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Member } from "@/api/objects";
import { asProblem } from "@/api/problem";
import { Confirm } from "@/parts/confirm";
import { Sheet } from "@/parts/dialog";
import { FormButtons } from "@/parts/form-buttons";
import { ProblemNote } from "@/parts/problem-note";
import { say } from "@/parts/toast";
import { useChangeRole, useRemoveMember } from "./members";
import { RoleChoice, roleOf } from "./role-choice";

interface Props {
  member: Member;
  onClose(): void;
}

export function RoleSheet({ member, onClose }: Props) {
  const { t } = useTranslation();
  const change = useChangeRole();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    change.mutate(
      { id: member.id, role: roleOf(event.currentTarget) },
      {
        onSuccess: () => {
          say(t("members.changed"));
          onClose();
        },
      },
    );
  };
  return (
    <Sheet title={t("members.role_of", { name: member.name ?? member.email })} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {change.isError && <ProblemNote error={change.error} text={asProblem(change.error).code === "last_owner" ? t("members.last_owner") : undefined} />}
        <RoleChoice initial={member.role} />
        <FormButtons action={t("common.save")} busy={change.isPending} onClose={onClose} />
      </form>
    </Sheet>
  );
}

export function RemoveSheet({ member, onClose }: Props) {
  const { t } = useTranslation();
  const remove = useRemoveMember();
  const invited = member.state === "invited";
  const name = member.name ?? member.email;
  return (
    <Confirm
      title={invited ? t("members.withdraw_title", { name }) : t("members.remove_title", { name })}
      body={invited ? t("members.withdraw_body") : t("members.remove_body")}
      action={invited ? t("members.withdraw") : t("members.remove")}
      dangerous
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() =>
        remove.mutate(member.id, {
          onSuccess: () => {
            say(invited ? t("members.withdrawn") : t("members.removed"));
            onClose();
          },
        })
      }
      onClose={onClose}
    />
  );
}
