// How many of how many are done: in words, and as a bar.
import { useTranslation } from "react-i18next";
import { useFormats } from "@/words/formats";

interface Props {
  label: string;
  done: number;
  total: number;
}

export function Progress({ label, done, total }: Props) {
  const { t } = useTranslation();
  const formats = useFormats();
  const part = total === 0 ? 1 : done / total;
  return (
    <div className="grid gap-1">
      <p className="flex flex-wrap justify-between gap-2">
        <span>{label}</span>
        <bdi className="tabular-nums">{t("shards.of", { used: formats.number(done), most: formats.number(total) })}</bdi>
      </p>
      <div
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
        className="h-1.5 overflow-hidden rounded-full bg-sunken"
      >
        <span className="block h-full rounded-full bg-accent" style={{ inlineSize: `${Math.min(part, 1) * 100}%` }} />
      </div>
    </div>
  );
}
