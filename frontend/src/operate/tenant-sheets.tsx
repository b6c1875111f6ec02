// The sheets about a business: making one, changing one, suspending it and ending that.
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import type { Tenant } from "@/api/objects";
import { asProblem } from "@/api/problem";
import { Confirm } from "@/parts/confirm";
import { Sheet } from "@/parts/dialog";
import { FormButtons } from "@/parts/form-buttons";
import { ProblemNote } from "@/parts/problem-note";
import { SecretSheet } from "@/parts/secret-sheet";
import { say } from "@/parts/toast";
import { TenantFields, tenantOf } from "./tenant-form";
import { useChangeTenant, useCreateTenant } from "./tenants";

interface Props {
  tenant: Tenant;
  onClose(): void;
}

export function NewTenantSheet({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const create = useCreateTenant();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    create.mutate(tenantOf(event.currentTarget), {
      onSuccess: ({ link }) => {
        if (link) return;
        say(t("tenants.made"));
        onClose();
      },
    });
  };
  if (create.data?.link) {
    return <SecretSheet title={t("tenants.link_title")} description={t("tenants.link_intro")} label={t("members.link")} value={create.data.link} onClose={onClose} />;
  }
  return (
    <Sheet title={t("tenants.new")} description={t("tenants.new_intro")} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {create.isError && <ProblemNote error={create.error} />}
        <TenantFields />
        <FormButtons action={t("tenants.make")} busy={create.isPending} onClose={onClose} />
      </form>
    </Sheet>
  );
}

export function ChangeTenantSheet({ tenant, onClose }: Props) {
  const { t } = useTranslation();
  const change = useChangeTenant();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { name, limits } = tenantOf(event.currentTarget);
    change.mutate(
      { id: tenant.id, change: { name, limits } },
      {
        onSuccess: () => {
          say(t("settings.saved"));
          onClose();
        },
      },
    );
  };
  return (
    <Sheet title={t("tenants.change_title", { name: tenant.name })} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        {change.isError && <ProblemNote error={change.error} />}
        <TenantFields tenant={tenant} />
        <FormButtons action={t("common.save")} busy={change.isPending} onClose={onClose} />
      </form>
    </Sheet>
  );
}

export function SuspendSheet({ tenant, onClose }: Props) {
  const { t } = useTranslation();
  const change = useChangeTenant();
  const suspends = tenant.status === "active";
  return (
    <Confirm
      title={t(suspends ? "tenants.suspend_title" : "tenants.resume_title", { name: tenant.name })}
      body={t(suspends ? "tenants.suspend_body" : "tenants.resume_body")}
      action={t(suspends ? "tenants.suspend" : "tenants.resume")}
      dangerous={suspends}
      busy={change.isPending}
      error={change.error && asProblem(change.error)}
      onConfirm={() =>
        change.mutate(
          { id: tenant.id, change: { status: suspends ? "suspended" : "active" } },
          {
            onSuccess: () => {
              say(t(suspends ? "tenants.suspended_now" : "tenants.resumed_now", { name: tenant.name }));
              onClose();
            },
          },
        )
      }
      onClose={onClose}
    />
  );
}
