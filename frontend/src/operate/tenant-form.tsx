// The fields of a business: its name and its limits, and when it is new, its owner and its shard.
import { useTranslation } from "react-i18next";
import type { Tenant } from "@/api/objects";
import { Field } from "@/parts/field";

const NAME_MAX = 100;
const LIMIT_MAX = 4_294_967_295;
const MEGABYTE = 1_000_000;
const SHARD_MAX = 65_535;

function amount(form: FormData, name: string): number | null {
  const text = String(form.get(name) ?? "").trim();
  return text === "" ? null : Number(text);
}

/** What a form of these fields says. */
export function tenantOf(element: HTMLFormElement) {
  const form = new FormData(element);
  const email = String(form.get("owner_email") ?? "").trim();
  const shard = amount(form, "shard");
  const megabytes = amount(form, "storage");
  return {
    name: String(form.get("name") ?? "").trim(),
    limits: {
      sessions: amount(form, "sessions"),
      messages_per_day: amount(form, "messages_per_day"),
      storage_bytes: megabytes === null ? null : Math.round(megabytes * MEGABYTE),
      concurrent_calls: amount(form, "concurrent_calls"),
    },
    ...(email ? { owner_email: email } : {}),
    ...(shard === null ? {} : { shard }),
  };
}

export function TenantFields({ tenant }: { tenant?: Tenant }) {
  const { t } = useTranslation();
  const bytes = tenant?.limits.storage_bytes;
  const limit = { type: "number", dir: "ltr", min: 0, max: LIMIT_MAX, step: 1, inputMode: "numeric" } as const;
  return (
    <>
      <Field label={t("tenants.name")} name="name" dir="auto" defaultValue={tenant?.name} maxLength={NAME_MAX} autoComplete="off" required />
      {!tenant && (
        <Field label={t("tenants.owner")} hint={t("tenants.owner_hint")} name="owner_email" type="email" dir="ltr" maxLength={254} autoComplete="off" />
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("tenants.max_sessions")} hint={t("tenants.no_limit")} name="sessions" defaultValue={tenant?.limits.sessions ?? ""} {...limit} />
        <Field
          label={t("tenants.max_messages")}
          hint={t("tenants.no_limit")}
          name="messages_per_day"
          defaultValue={tenant?.limits.messages_per_day ?? ""}
          {...limit}
        />
        <Field
          label={t("tenants.max_storage")}
          hint={t("tenants.no_limit")}
          name="storage"
          defaultValue={typeof bytes === "number" ? bytes / MEGABYTE : ""}
          {...limit}
          step="any"
        />
        <Field
          label={t("tenants.max_calls")}
          hint={t("tenants.usual_limit")}
          name="concurrent_calls"
          defaultValue={tenant?.limits.concurrent_calls ?? ""}
          {...limit}
        />
      </div>
      {!tenant && (
        <Field label={t("tenants.shard")} hint={t("tenants.shard_hint")} name="shard" {...limit} min={1} max={SHARD_MAX} />
      )}
    </>
  );
}
