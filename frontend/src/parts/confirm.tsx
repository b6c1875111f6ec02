// Asks before something that cannot simply be undone.
import { useTranslation } from "react-i18next";
import { Button } from "./button";
import { Sheet } from "./dialog";
import { ProblemNote } from "./problem-note";

interface Props {
  title: string;
  body: string;
  action: string;
  dangerous?: boolean;
  busy: boolean;
  error: unknown;
  onConfirm(): void;
  onClose(): void;
}

export function Confirm({ title, body, action, dangerous = false, busy, error, onConfirm, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Sheet title={title} description={body} onClose={onClose}>
      <div className="grid gap-4">
        {error ? <ProblemNote error={error} /> : null}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button look={dangerous ? "danger" : "primary"} busy={busy} onClick={onConfirm}>
            {action}
          </Button>
        </div>
      </div>
    </Sheet>
  );
}
