// A link or a key that is shown once, after it was made.
import { useTranslation } from "react-i18next";
import { Button } from "./button";
import { Secret } from "./copy";
import { Sheet } from "./dialog";

interface Props {
  title: string;
  description: string;
  /** What the secret is of. */
  label: string;
  value: string;
  onClose(): void;
}

export function SecretSheet({ title, description, label, value, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Sheet title={title} description={description} onClose={onClose}>
      <div className="grid gap-4">
        <Secret label={label} value={value} />
        <Button onClick={onClose} className="justify-self-end">
          {t("common.done")}
        </Button>
      </div>
    </Sheet>
  );
}
