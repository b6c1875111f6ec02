// Developers: the API keys, and the first message by the API.
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { Page } from "@/parts/page";
import { Denied } from "@/parts/states";
import { useMay, useMe } from "@/sign-in/account";
import { KeyList } from "./key-list";
import { KeySheet } from "./key-sheet";
import { QuickStart } from "./quick-start";

export function DevelopersPage() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const may = useMay("keys:manage");
  const [making, setMaking] = useState(false);
  if (!may) return me ? <Denied heading="h1" /> : null;
  return (
    <Page
      title={t("keys_page.title")}
      intro={t("keys_page.intro")}
      action={
        <Button look="primary" onClick={() => setMaking(true)}>
          <Plus size={18} aria-hidden="true" />
          {t("keys_page.create")}
        </Button>
      }
    >
      <KeyList />
      <QuickStart />
      {making && <KeySheet onClose={() => setMaking(false)} />}
    </Page>
  );
}
