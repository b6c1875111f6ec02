// Language, theme, shortcuts, sign out.
import { useNavigate } from "@tanstack/react-router";
import { CircleUserRound, Keyboard, LogOut } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { THEMES, chooseTheme, useTheme } from "@/look/theme";
import { IconButton } from "@/parts/button";
import { Menu, MenuChoice, MenuItem, MenuLine } from "@/parts/menu";
import { signOut, useMe } from "@/sign-in/account";
import { LANGUAGES, chooseLanguage, currentLanguage } from "@/words/language";
import { LANGUAGE_NAMES } from "@/words/names";
import { KeySheet } from "./key-sheet";
import { useKeys } from "./keys";

export function AccountMenu() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const theme = useTheme();
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
            <CircleUserRound size={22} aria-hidden="true" />
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
          </div>
        )}
        <MenuLine />
        <MenuChoice
          label={t("account.language")}
          value={currentLanguage()}
          options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value], lang: value }))}
          onChoose={(language) => void chooseLanguage(language)}
        />
        <MenuLine />
        <MenuChoice
          label={t("account.theme")}
          value={theme}
          options={THEMES.map((value) => ({ value, label: t(`account.theme_${value}`) }))}
          onChoose={chooseTheme}
        />
        <MenuLine />
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
