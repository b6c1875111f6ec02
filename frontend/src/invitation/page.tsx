// An invitation: what it is to, and the one form that accepts it. Its token is behind the `#`.
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { Trans, useTranslation } from "react-i18next";
import { client } from "@/api/client";
import type { Invitation } from "@/api/objects";
import { asProblem } from "@/api/problem";
import { Button, buttonClass } from "@/parts/button";
import { Field } from "@/parts/field";
import { Loaded } from "@/parts/loaded";
import { ProblemNote } from "@/parts/problem-note";
import { useTitle } from "@/parts/title";
import { PASSWORD_MIN, acceptInvitation } from "@/sign-in/account";
import { Door } from "@/sign-in/door";
import { useHashSecret } from "@/sign-in/hash";

/** What the invitation is to, and whether the one who is signed in is the one invited. */
async function look(token: string): Promise<{ invitation: Invitation; isSelf: boolean }> {
  const { data } = await client.POST("/v1/auth/invitation/show", { body: { token } });
  if (!data) throw asProblem(null);
  const me = await client.GET("/v1/me").catch(() => null);
  return { invitation: data, isSelf: me?.data?.user?.email === data.email };
}

function Accept({ token, invitation, isSelf }: { token: string; invitation: Invitation; isSelf: boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const join = useMutation({
    mutationFn: (form: { name?: string; password?: string }) => acceptInvitation(token, form),
    onSuccess: () => navigate({ to: "/inbox", replace: true }),
  });
  const isNew = !invitation.has_account;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const password = isSelf ? {} : { password: String(form.get("password") ?? "") };
    join.mutate(isNew ? { ...password, name: String(form.get("name") ?? "").trim() } : password);
  };
  const wrong = join.isError && asProblem(join.error).status === 401;
  return (
    <form onSubmit={submit} className="grid gap-4">
      <p>
        <Trans
          i18nKey="invitation.to"
          components={{ business: <bdi className="font-semibold">{invitation.business.name}</bdi>, role: <span className="font-medium">{t(`role.${invitation.role}`)}</span> }}
        />
      </p>
      {join.isError && <ProblemNote error={join.error} text={wrong ? t("invitation.wrong") : undefined} />}
      <Field label={t("sign_in.email")} type="email" name="email" dir="ltr" value={invitation.email} autoComplete="username" readOnly />
      {isNew && <Field label={t("setup.name")} name="name" dir="auto" autoComplete="name" maxLength={100} required />}
      {!isSelf && (
        <Field
          label={isNew ? t("invitation.new_password") : t("sign_in.password")}
          hint={isNew ? t("setup.password_hint") : t("invitation.known")}
          name="password"
          type="password"
          dir="ltr"
          autoComplete={isNew ? "new-password" : "current-password"}
          minLength={isNew ? PASSWORD_MIN : undefined}
          required
        />
      )}
      <Button type="submit" look="primary" busy={join.isPending}>
        {t("invitation.join")}
      </Button>
    </form>
  );
}

function Dead() {
  const { t } = useTranslation();
  return (
    <>
      <p role="alert">{t("invitation.dead")}</p>
      <Link to="/sign-in" className={buttonClass()}>
        {t("sign_in.title")}
      </Link>
    </>
  );
}

export function InvitationPage() {
  const { t } = useTranslation();
  const token = useHashSecret("token");
  useTitle(t("invitation.title"));
  const query = useQuery({ queryKey: ["invitation", token], queryFn: () => look(token ?? ""), enabled: token !== null, retry: false, gcTime: 0 });
  const dead = query.isError && [400, 401, 404].includes(asProblem(query.error).status);
  return (
    <Door title={t("invitation.title")}>
      {dead || token === null ? <Dead /> : <Loaded query={query}>{(found) => <Accept token={token} invitation={found.invitation} isSelf={found.isSelf} />}</Loaded>}
    </Door>
  );
}
