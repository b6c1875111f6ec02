// The last row of a form in a sheet: leave it as it is, or do it.
import { useTranslation } from "react-i18next";
import { Button } from "./button";

interface Props {
  action: string;
  busy: boolean;
  onClose(): void;
}

export function FormButtons({ action, busy, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-wrap justify-end gap-2">
      <Button onClick={onClose}>{t("common.cancel")}</Button>
      <Button type="submit" look="primary" busy={busy}>
        {action}
      </Button>
    </div>
  );
}
