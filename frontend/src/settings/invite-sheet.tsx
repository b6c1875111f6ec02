// Invites somebody: an address and a role, then the link that works once.
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { Sheet } from "@/parts/dialog";
import { Field } from "@/parts/field";
import { FormButtons } from "@/parts/form-buttons";
import { ProblemNote } from "@/parts/problem-note";
import { SecretSheet } from "@/parts/secret-sheet";
import { useInvite } from "./members";
import { RoleChoice, roleOf } from "./role-choice";

export function InviteSheet({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const invite = useInvite();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    invite.mutate({ email: String(new FormData(form).get("email") ?? "").trim(), role: roleOf(form) });
  };
  if (invite.data) {
    return <SecretSheet title={t("members.link_title")} description={t("members.link_intro")} label={t("members.link")} value={invite.data} onClose={onClose} />;
  }
  return (
    <Sheet title={t("members.invite")} description={t("members.invite_intro")} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {invite.isError && <ProblemNote error={invite.error} text={asProblem(invite.error).code === "already_a_member" ? t("members.already") : undefined} />}
        <Field label={t("members.email")} name="email" type="email" dir="ltr" autoComplete="off" maxLength={254} required />
        <RoleChoice initial="agent" />
        <FormButtons action={t("members.make_link")} busy={invite.isPending} onClose={onClose} />
      </form>
    </Sheet>
  );
}
