// A page that threw: says so, and offers to load it again.
import { CircleAlert, WifiOff } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { Blank } from "@/parts/states";

export function Crash() {
  const { t } = useTranslation();
  // The part that draws the page could not be loaded: it comes with the connection.
  const offline = !navigator.onLine;
  return (
    <Blank
      heading="h1"
      alert
      icon={offline ? WifiOff : CircleAlert}
      title={offline ? t("problem.offline_title") : t("problem.title")}
      action={
        <Button look="primary" onClick={() => location.reload()}>
          {t("common.retry")}
        </Button>
      }
    >
      {offline ? t("problem.offline") : t("problem.crash")}
    </Blank>
  );
}
