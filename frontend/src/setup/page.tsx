// First run: one page makes the business and its owner, then the first number is connected.
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { Button, buttonClass } from "@/parts/button";
import { Field } from "@/parts/field";
import { ProblemNote } from "@/parts/problem-note";
import { useTitle } from "@/parts/title";
import { PASSWORD_MIN, setUp, useSetupIsOpen } from "@/sign-in/account";
import { Door } from "@/sign-in/door";
import { useHashSecret } from "@/sign-in/hash";

const REFUSED = [401, 403, 404, 409];

export function SetupPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const token = useHashSecret("token");
  useTitle(t("setup.title"));
  const create = useMutation({
    mutationFn: (form: FormData) => {
      const text = (name: string) => String(form.get(name) ?? "").trim();
      return setUp({
        token: text("token"),
        business_name: text("business"),
        name: text("name"),
        email: text("email"),
        password: String(form.get("password") ?? ""),
      });
    },
    onSuccess: () => navigate({ to: "/numbers", replace: true }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    create.mutate(new FormData(event.currentTarget));
  };
  const open = useSetupIsOpen();
  const refused = create.isError && REFUSED.includes(asProblem(create.error).status);

  if (open === false && !create.isPending && !create.isSuccess) {
    return (
      <Door title={t("setup.title")}>
        <p>{t("setup.closed")}</p>
        <Link to="/sign-in" className={buttonClass("primary")}>
          {t("sign_in.title")}
        </Link>
      </Door>
    );
  }
  return (
    <Door title={t("setup.title")} intro={t("setup.intro")}>
      {create.isError && <ProblemNote error={create.error} text={refused ? t("setup.wrong_token") : undefined} />}
      <form onSubmit={submit} className="grid gap-4">
        <Field
          label={t("setup.token")}
          hint={t("setup.token_hint")}
          name="token"
          dir="ltr"
          key={token}
          defaultValue={token ?? ""}
          autoComplete="off"
          spellCheck={false}
          required
        />
        <Field label={t("setup.business")} name="business" dir="auto" autoComplete="organization" maxLength={100} required />
        <Field label={t("setup.name")} name="name" dir="auto" autoComplete="name" maxLength={100} required />
        <Field label={t("setup.email")} name="email" type="email" dir="ltr" autoComplete="username" required />
        <Field
          label={t("setup.password")}
          hint={t("setup.password_hint")}
          name="password"
          type="password"
          dir="ltr"
          autoComplete="new-password"
          minLength={PASSWORD_MIN}
          required
        />
        <Button type="submit" look="primary" busy={create.isPending}>
          {create.isPending ? t("setup.working") : t("setup.submit")}
        </Button>
      </form>
    </Door>
  );
}
