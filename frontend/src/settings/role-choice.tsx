// The roles with what each may do.
import { useTranslation } from "react-i18next";
import type { Role } from "@/api/objects";

const ROLES: readonly Role[] = ["agent", "admin", "owner"];

export function RoleChoice({ initial }: { initial: Role }) {
  const { t } = useTranslation();
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 font-medium">{t("members.role")}</legend>
      {ROLES.map((role) => (
        <label key={role} className="grid cursor-pointer grid-cols-[auto_1fr] items-center gap-x-3 rounded-card border border-line p-3 has-checked:border-accent has-checked:bg-accent-soft">
          <input type="radio" name="role" value={role} defaultChecked={role === initial} className="size-4 accent-[var(--accent)]" />
          <span className="font-medium">{t(`role.${role}`)}</span>
          <span className="col-start-2 text-sm text-soft">{t(`role.${role}_may`)}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** The role that a form has chosen. */
export function roleOf(form: HTMLFormElement): Role {
  const value = new FormData(form).get("role");
  return ROLES.find((role) => role === value) ?? "agent";
}
