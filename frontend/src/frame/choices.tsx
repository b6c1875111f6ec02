// Language and theme: two buttons in the header, or entries of the account's menu where there is no room.
import { Languages, Monitor, Moon, Sun } from "lucide-react";
import { useTranslation } from "react-i18next";
import { THEMES, chooseTheme, useTheme } from "@/look/theme";
import { IconButton } from "@/parts/button";
import { Menu, MenuChoice } from "@/parts/menu";
import { LANGUAGES, chooseLanguage, currentLanguage } from "@/words/language";
import { LANGUAGE_NAMES } from "@/words/names";

const THEME_ICONS = { system: Monitor, light: Sun, dark: Moon } as const;

export function LanguageChoice() {
  const { t } = useTranslation();
  return (
    <MenuChoice
      label={t("account.language")}
      value={currentLanguage()}
      options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value], lang: value }))}
      onChoose={(language) => void chooseLanguage(language)}
    />
  );
}

export function ThemeChoice() {
  const { t } = useTranslation();
  return (
    <MenuChoice
      label={t("account.theme")}
      value={useTheme()}
      options={THEMES.map((value) => ({ value, label: t(`account.theme_${value}`) }))}
      onChoose={chooseTheme}
    />
  );
}

export function ChoiceButtons() {
  const { t } = useTranslation();
  const Theme = THEME_ICONS[useTheme()];
  return (
    <>
      <Menu
        trigger={
          <IconButton name={t("account.language")}>
            <Languages size={19} aria-hidden="true" />
          </IconButton>
        }
      >
        <LanguageChoice />
      </Menu>
      <Menu
        trigger={
          <IconButton name={t("account.theme")}>
            <Theme size={19} aria-hidden="true" />
          </IconButton>
        }
      >
        <ThemeChoice />
      </Menu>
    </>
  );
}
