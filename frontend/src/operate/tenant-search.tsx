// Businesses are found by a part of their name.
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { Labelled } from "@/parts/labelled";

const SEARCH_MAX = 200;

interface Props {
  /** What was last asked for. */
  q: string;
  onFind(text: string): void;
}

export function TenantSearch({ q, onFind }: Props) {
  const { t } = useTranslation();
  const search = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onFind(String(new FormData(event.currentTarget).get("q") ?? "").trim());
  };
  return (
    <form role="search" onSubmit={search} className="flex items-end gap-2">
      <Labelled label={t("tenants.search")}>
        {(id) => <input id={id} name="q" type="search" dir="auto" defaultValue={q} maxLength={SEARCH_MAX} className="field" />}
      </Labelled>
      <Button type="submit">{t("tenants.find")}</Button>
    </form>
  );
}
