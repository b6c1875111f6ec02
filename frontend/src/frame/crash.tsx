// A page that threw: says so, and offers to load it again.
import { CircleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { Blank } from "@/parts/states";

export function Crash() {
  const { t } = useTranslation();
  return (
    <Blank
        heading="h1"
      alert
      icon={CircleAlert}
      title={t("problem.title")}
      action={
        <Button look="primary" onClick={() => location.reload()}>
          {t("common.retry")}
        </Button>
      }
    >
      {t("problem.crash")}
    </Blank>
  );
}
