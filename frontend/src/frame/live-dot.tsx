// Whether what is on screen is fresh, and since when it is not.
import { CloudOff } from "lucide-react";
import { Trans, useTranslation } from "react-i18next";
import { useLine } from "@/live/line";
import { Clock } from "@/parts/time";
import { useFormats } from "@/words/formats";

const DOT = { live: "bg-ok", connecting: "bg-attention", down: "bg-danger" } as const;

export function LiveDot() {
  const { t } = useTranslation();
  const formats = useFormats();
  const line = useLine();
  const down = line.state === "down";
  const text = down ? t("live.down", { time: formats.time(new Date(line.since)) }) : t(`live.${line.state}`);
  return (
    <span role="status" data-line={line.state} title={down ? t("live.down_hint") : text} className="flex items-center gap-2 px-2 text-sm text-soft">
      <span aria-hidden="true" className={`size-2 rounded-full ${DOT[line.state]}`} />
      <span className={down ? "sr-only" : "sr-only md:not-sr-only"}>{text}</span>
    </span>
  );
}

export function LiveBanner() {
  const line = useLine();
  if (line.state !== "down") return null;
  return (
    <p className="flex items-center gap-3 border-b border-line bg-attention-soft px-4 py-2 text-attention">
      <CloudOff size={18} aria-hidden="true" className="shrink-0" />
      <span>
        <Trans i18nKey="live.banner" components={{ time: <Clock at={new Date(line.since).toISOString()} /> }} />
      </span>
    </p>
  );
}
