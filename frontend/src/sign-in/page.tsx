// Sign in by email and password, or by a single-use link whose token is behind the `#`,
// where no server and no log sees it.
import { useMutation } from "@tanstack/react-query";
import { Navigate, useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { Button } from "@/parts/button";
import { Field } from "@/parts/field";
import { ProblemNote } from "@/parts/problem-note";
import { useTitle } from "@/parts/title";
import { signIn, signInByLink, useSetupIsOpen } from "./account";
import { Door } from "./door";
import { useHashSecret } from "./hash";
import { safeReturn } from "./return";

export function SignInPage() {
  const { t } = useTranslation();
  const router = useRouter();
  const { to } = useSearch({ from: "/sign-in" });
  const token = useHashSecret("link");
  const setupIsOpen = useSetupIsOpen();
  useTitle(t("sign_in.title"));

  const enter = () => router.history.replace(safeReturn(to));
  const password = useMutation({
    mutationFn: (form: FormData) => signIn(String(form.get("email")).trim(), String(form.get("password"))),
    onSuccess: enter,
  });
  const { mutate: spend, ...link } = useMutation({ mutationFn: signInByLink, onSuccess: enter });

  useEffect(() => {
    // The timer lets React's doubled first effect of development spend the link only once.
    const timer = token === null ? undefined : setTimeout(() => spend(token), 0);
    return () => clearTimeout(timer);
  }, [token, spend]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    password.mutate(new FormData(event.currentTarget));
  };
  const words = (error: unknown): string | undefined => {
    const { status } = asProblem(error);
    if (status === 401) return t("sign_in.wrong");
    return status === 429 ? t("sign_in.too_often") : undefined;
  };

  if (token === null && setupIsOpen) return <Navigate to="/setup" replace />;
  if (token !== null && (link.isPending || link.isIdle || link.isSuccess)) {
    return (
      <Door title={t("sign_in.title")}>
        <p role="status">{t("sign_in.by_link")}</p>
      </Door>
    );
  }
  return (
    <Door title={t("sign_in.title")}>
      {link.isError && (
        <ProblemNote error={link.error} text={asProblem(link.error).status === 0 ? undefined : t("sign_in.link_dead")} />
      )}
      {password.isError && <ProblemNote error={password.error} text={words(password.error)} />}
      <form onSubmit={submit} className="grid gap-4">
        <Field label={t("sign_in.email")} name="email" type="email" dir="ltr" autoComplete="username" required />
        <Field label={t("sign_in.password")} name="password" type="password" dir="ltr" autoComplete="current-password" required />
        <Button type="submit" look="primary" busy={password.isPending}>
          {password.isPending ? t("sign_in.working") : t("sign_in.submit")}
        </Button>
      </form>
    </Door>
  );
}
