// Another password for whoever is signed in; every other place where they are signed in ends.
import { useMutation } from "@tanstack/react-query";
import { type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { client } from "@/api/client";
import { asProblem } from "@/api/problem";
import { Button } from "@/parts/button";
import { Field } from "@/parts/field";
import { ProblemNote } from "@/parts/problem-note";
import { say } from "@/parts/toast";
import { PASSWORD_MIN } from "@/sign-in/account";

export function PasswordForm() {
  const { t } = useTranslation();
  const change = useMutation({
    mutationFn: (body: { current: string; new: string }) => client.POST("/v1/me/password", { body }),
    onSuccess: () => say(t("password.changed")),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    const text = (name: string) => String(fields.get(name) ?? "");
    change.mutate({ current: text("current"), new: text("new") }, { onSuccess: () => form.reset() });
  };
  const wrong = change.isError && asProblem(change.error).code === "forbidden";
  return (
    <form onSubmit={submit} className="grid max-w-md gap-4">
      {change.isError && <ProblemNote error={change.error} text={wrong ? t("password.wrong") : undefined} />}
      <Field label={t("password.current")} name="current" type="password" dir="ltr" autoComplete="current-password" required />
      <Field
        label={t("password.new")}
        hint={t("setup.password_hint")}
        name="new"
        type="password"
        dir="ltr"
        autoComplete="new-password"
        minLength={PASSWORD_MIN}
        required
      />
      <Button type="submit" busy={change.isPending} className="justify-self-start">
        {t("password.change")}
      </Button>
    </form>
  );
}
