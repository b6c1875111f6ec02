// Invites somebody: an address and a role, then the link that works once.
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { Button } from "@/parts/button";
import { Secret } from "@/parts/copy";
import { Sheet } from "@/parts/dialog";
import { Field } from "@/parts/field";
import { ProblemNote } from "@/parts/problem-note";
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
    return (
      <Sheet title={t("members.link_title")} description={t("members.link_intro")} onClose={onClose}>
        <div className="grid gap-4">
          <Secret label={t("members.link")} value={invite.data} />
          <Button onClick={onClose} className="justify-self-end">
            {t("common.done")}
          </Button>
        </div>
      </Sheet>
    );
  }
  return (
    <Sheet title={t("members.invite")} description={t("members.invite_intro")} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {invite.isError && <ProblemNote error={invite.error} text={asProblem(invite.error).code === "already_a_member" ? t("members.already") : undefined} />}
        <Field label={t("members.email")} name="email" type="email" dir="ltr" autoComplete="off" maxLength={254} required />
        <RoleChoice initial="agent" />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button type="submit" look="primary" busy={invite.isPending}>
            {t("members.make_link")}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
