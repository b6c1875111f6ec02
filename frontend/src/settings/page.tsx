// Settings: the business's name, what it uses of its limits, and one's own language and theme.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { api, client } from "@/api/client";
import type { OwnBusiness } from "@/api/objects";
import { THEMES, chooseTheme, useTheme } from "@/look/theme";
import { Button } from "@/parts/button";
import { CopyButton } from "@/parts/copy";
import { Field } from "@/parts/field";
import { Loaded } from "@/parts/loaded";
import { Page, Panel } from "@/parts/page";
import { ProblemNote } from "@/parts/problem-note";
import { Moment } from "@/parts/time";
import { say } from "@/parts/toast";
import { useMay } from "@/sign-in/account";
import { useFormats } from "@/words/formats";
import { LANGUAGES, chooseLanguage, currentLanguage, isLanguage } from "@/words/language";
import { LANGUAGE_NAMES } from "@/words/names";
import { PasswordForm } from "./password-form";
import { RetentionForm } from "./retention-form";
import { SettingsTabs } from "./tabs";

const NAME_MAX = 100;

function NameForm({ business }: { business: OwnBusiness }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const rename = useMutation({
    mutationFn: (name: string) => client.PATCH("/v1/business", { body: { name } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["get", "/v1/business"] });
      await queries.invalidateQueries({ queryKey: ["get", "/v1/me"] });
      say(t("settings.saved"));
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    rename.mutate(String(new FormData(event.currentTarget).get("name") ?? "").trim());
  };
  return (
    <form onSubmit={submit} className="grid max-w-md gap-4">
      {rename.isError && <ProblemNote error={rename.error} />}
      <Field label={t("settings.name")} name="name" dir="auto" defaultValue={business.name} maxLength={NAME_MAX} autoComplete="organization" required />
      <Button type="submit" look="primary" busy={rename.isPending} className="justify-self-start">
        {t("common.save")}
      </Button>
    </form>
  );
}

function Use({ label, used, limit, write }: { label: string; used: number; limit: number | null; write?(value: number): string }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const shown = write ?? formats.number;
  const part = limit === null ? 0 : Math.min(used / Math.max(limit, 1), 1);
  return (
    <div className="grid content-start gap-1.5">
      <dt className="text-soft">{label}</dt>
      <dd className="grid gap-2">
        <span className="text-lg font-medium tabular-nums">
          {limit === null ? shown(used) : t("settings.used_of", { used: shown(used), limit: shown(limit) })}
        </span>
        {limit !== null && (
          <span aria-hidden="true" className="block h-1.5 overflow-hidden rounded-full bg-sunken">
            <span className={`block h-full rounded-full ${part >= 1 ? "bg-attention" : "bg-accent"}`} style={{ inlineSize: `${part * 100}%` }} />
          </span>
        )}
      </dd>
    </div>
  );
}

function Limits({ business }: { business: OwnBusiness }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <dl className="grid gap-5 sm:grid-cols-2 lg:grid-cols-4">
      <Use label={t("settings.numbers")} used={business.sessions} limit={business.limits.sessions ?? null} />
      <Use label={t("settings.people")} used={business.members} limit={null} />
      <Use label={t("settings.messages")} used={business.messages_today} limit={business.limits.messages_per_day ?? null} />
      <Use label={t("settings.storage")} used={business.storage_bytes} limit={business.limits.storage_bytes ?? null} write={formats.bytes} />
    </dl>
  );
}

function Choice({ label, value, onChange, children }: { label: string; value: string; onChange(value: string): void; children: ReactNode }) {
  const id = useId();
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)} className="field">
        {children}
      </select>
    </div>
  );
}

function Own() {
  const { t } = useTranslation();
  const theme = useTheme();
  return (
    <div className="grid gap-4 sm:max-w-md sm:grid-cols-2">
      <Choice label={t("account.language")} value={currentLanguage()} onChange={(value) => isLanguage(value) && void chooseLanguage(value)}>
        {LANGUAGES.map((each) => (
          <option key={each} value={each} lang={each}>
            {LANGUAGE_NAMES[each]}
          </option>
        ))}
      </Choice>
      <Choice label={t("account.theme")} value={theme} onChange={(value) => chooseTheme(THEMES.find((each) => each === value) ?? "system")}>
        {THEMES.map((each) => (
          <option key={each} value={each}>
            {t(`account.theme_${each}`)}
          </option>
        ))}
      </Choice>
    </div>
  );
}

export function SettingsPage() {
  const { t } = useTranslation();
  const query = api.useQuery("get", "/v1/business");
  const mayManage = useMay("business:manage");
  return (
    <Page title={t("settings.title")} tabs={<SettingsTabs />}>
      <Loaded query={query}>
        {(business) => (
          <>
            <Panel title={t("settings.business")}>
              {mayManage ? (
                <NameForm key={business.name} business={business} />
              ) : (
                <p className="text-lg font-medium">
                  <bdi>{business.name}</bdi>
                </p>
              )}
              <div className="flex flex-wrap items-center gap-x-2 text-sm text-soft">
                <span>{t("settings.id")}</span>
                <bdi dir="ltr" className="font-mono break-all">
                  {business.id}
                </bdi>
                <CopyButton value={business.id} />
                <span className="sm:ms-auto">
                  {t("settings.made")} <Moment at={business.created_at} />
                </span>
              </div>
            </Panel>
            <Panel title={t("settings.limits")} intro={t("settings.limits_intro")}>
              <Limits business={business} />
            </Panel>
            {mayManage && (
              <Panel title={t("settings.keep")} intro={t("settings.keep_intro")}>
                <RetentionForm key={JSON.stringify(business.retention)} retention={business.retention} />
              </Panel>
            )}
          </>
        )}
      </Loaded>
      <Panel title={t("password.title")} intro={t("password.intro")}>
        <PasswordForm />
      </Panel>
      <Panel title={t("settings.own")} intro={t("settings.own_intro")}>
        <Own />
      </Panel>
    </Page>
  );
}
