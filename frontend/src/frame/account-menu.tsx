// Who is signed in, the shortcuts, and the way out; on a phone the language and the theme too.
import { useNavigate } from "@tanstack/react-router";
import { Keyboard, LogOut } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { BESIDE, useMedia } from "@/look/media";
import { Avatar } from "@/parts/avatar";
import { IconButton } from "@/parts/button";
import { Menu, MenuItem, MenuLine } from "@/parts/menu";
import { signOut, useMe } from "@/sign-in/account";
import { LanguageChoice, ThemeChoice } from "./choices";
import { KeySheet } from "./key-sheet";
import { useKeys } from "./keys";

export function AccountMenu() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const roomy = useMedia(BESIDE);
  const { data: me } = useMe();
  const [keys, showKeys] = useState(false);
  useKeys({ "?": () => showKeys(true) });
  const leave = async () => {
    await signOut().catch(() => undefined);
    await navigate({ to: "/sign-in" });
  };
  return (
    <>
      <Menu
        trigger={
          <IconButton name={t("account.open")}>
            <Avatar name={me?.user?.name ?? ""} id={me?.user?.id ?? ""} size="small" />
          </IconButton>
        }
      >
        {me?.user && (
          <div className="px-3 py-1.5">
            <p className="font-medium">
              <bdi>{me.user.name}</bdi>
            </p>
            <p className="text-sm text-soft">
              <bdi dir="ltr">{me.user.email}</bdi>
            </p>
            {me.role && <p className="text-sm text-soft">{t(`role.${me.role}`)}</p>}
          </div>
        )}
        <MenuLine />
        {!roomy && (
          <>
            <LanguageChoice />
            <MenuLine />
            <ThemeChoice />
            <MenuLine />
          </>
        )}
        <MenuItem icon={<Keyboard size={16} aria-hidden="true" />} onSelect={() => showKeys(true)}>
          {t("account.shortcuts")}
        </MenuItem>
        <MenuItem icon={<LogOut size={16} aria-hidden="true" className="rtl:-scale-x-100" />} onSelect={() => void leave()}>
          {t("account.sign_out")}
        </MenuItem>
      </Menu>
      {keys && <KeySheet onClose={() => showKeys(false)} />}
    </>
  );
}
