// An address that leads nowhere.
import { Link } from "@tanstack/react-router";
import { Unplug } from "lucide-react";
import { useTranslation } from "react-i18next";
import { buttonClass } from "@/parts/button";
import { Blank } from "@/parts/states";

export function Missing() {
  const { t } = useTranslation();
  return (
    <main className="grid min-h-full place-content-center">
      <Blank
        heading="h1"
        icon={Unplug}
        title={t("problem.missing_title")}
        action={
          <Link to="/inbox" className={buttonClass("primary")}>
            {t("problem.home")}
          </Link>
        }
      >
        {t("problem.missing")}
      </Blank>
    </main>
  );
}
