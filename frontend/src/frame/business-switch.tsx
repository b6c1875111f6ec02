// Whose business this is; for people who work in several, a menu of them.
import { ChevronsUpDown } from "lucide-react";
import { useTranslation } from "react-i18next";
import { client } from "@/api/client";
import { Menu, MenuChoice } from "@/parts/menu";
import { useProblemText } from "@/parts/problem-text";
import { say } from "@/parts/toast";
import { useMe } from "@/sign-in/account";
import { tellSwitched } from "./switched";

export function BusinessSwitch() {
  const { t } = useTranslation();
  const words = useProblemText();
  const { data: me } = useMe();
  if (!me) return null;
  const name = <bdi className="truncate">{me.business.name}</bdi>;
  if (me.businesses.length < 2) return <p className="flex min-w-0 font-semibold">{name}</p>;
  const go = async (business_id: string) => {
    if (business_id === me.business.id) return;
    try {
      await client.POST("/v1/me/business", { body: { business_id } });
      tellSwitched(business_id);
    } catch (error) {
      say(words(error));
    }
  };
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" aria-label={t("business.switch", { name: me.business.name })} className="-ms-2 flex min-h-10 min-w-0 items-center gap-1.5 rounded-card px-2 font-semibold hover:bg-sunken">
          {name}
          <ChevronsUpDown size={15} aria-hidden="true" className="shrink-0 text-soft" />
        </button>
      }
    >
      <MenuChoice
        label={t("business.yours")}
        value={me.business.id}
        options={me.businesses.map(({ business }) => ({ value: business.id, label: business.name }))}
        onChoose={(id) => void go(id)}
      />
    </Menu>
  );
}
