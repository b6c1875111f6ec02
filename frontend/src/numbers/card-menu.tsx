// What else can be done to a number.
import { EllipsisVertical, LogOut, Pencil, RotateCw, Trash2, Unplug } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Session } from "@/api/objects";
import { IconButton } from "@/parts/button";
import { Menu, MenuItem, MenuLine } from "@/parts/menu";
import { lookOf } from "./state-look";

export type Ask = "rename" | "restart" | "disconnect" | "logout" | "delete";

const ICON = { size: 16, "aria-hidden": true } as const;

export function CardMenu({ session, name, onAsk }: { session: Session; name: string; onAsk(ask: Ask): void }) {
  const { t } = useTranslation();
  return (
    <Menu
      trigger={
        <IconButton name={t("common.actions", { name })} className="-me-2 -mt-2">
          <EllipsisVertical size={20} aria-hidden="true" />
        </IconButton>
      }
    >
      <MenuItem icon={<Pencil {...ICON} />} onSelect={() => onAsk("rename")}>
        {t("numbers.rename")}
      </MenuItem>
      {lookOf(session.state).isUp && session.phone && (
        <MenuItem icon={<RotateCw {...ICON} />} onSelect={() => onAsk("restart")}>
          {t("numbers.restart")}
        </MenuItem>
      )}
      {lookOf(session.state).isUp && (
        <MenuItem icon={<Unplug {...ICON} />} onSelect={() => onAsk("disconnect")}>
          {t("numbers.disconnect")}
        </MenuItem>
      )}
      {session.phone && session.state !== "logged_out" && (
        <MenuItem icon={<LogOut {...ICON} className="rtl:-scale-x-100" />} onSelect={() => onAsk("logout")}>
          {t("numbers.logout")}
        </MenuItem>
      )}
      <MenuLine />
      <MenuItem danger icon={<Trash2 {...ICON} />} onSelect={() => onAsk("delete")}>
        {t("numbers.delete")}
      </MenuItem>
    </Menu>
  );
}
