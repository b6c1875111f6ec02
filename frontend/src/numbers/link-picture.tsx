// The code itself with the ring that counts its life down. White behind it in every theme:
// phones read dark on light best.
import { LoaderCircle } from "lucide-react";
import { QRCodeSVG } from "qrcode.react";
import { Trans, useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { CopyButton } from "@/parts/copy";
import type { Shown } from "./link-code";
import { Ring } from "./ring";
import { useSecondsLeft } from "./seconds-left";

const SIDE = 288;

function Waiting({ text }: { text: string }) {
  return (
    <p className="grid size-72 place-content-center justify-items-center gap-3 rounded-xl border border-line bg-sunken p-6 text-center text-soft">
      <LoaderCircle size={28} aria-hidden="true" className="animate-spin text-accent" />
      {text}
    </p>
  );
}

/** A simulated phone has no camera: it takes the code as text. */
function ForTheSimulator({ code }: { code: string }) {
  const { t } = useTranslation();
  return (
    <div className="flex max-w-72 items-center gap-2 rounded-card bg-sunken py-1 ps-3 pe-1 text-sm text-soft">
      <span>{t("link.simulated")}</span>
      <CopyButton value={code} name={t("link.copy")} />
    </div>
  );
}

export function LinkPicture({ code, name }: { code: Shown | null; name: string }) {
  const { t } = useTranslation();
  const { rest, whole } = useSecondsLeft(code);
  const simulated = api.useQuery("get", "/health", undefined, { staleTime: Infinity }).data?.sim ?? false;
  const waiting = () => {
    if (code?.state === "syncing") return t("link.scanned");
    if (code?.state === "awaiting_passkey") return t("link.passkey");
    return code?.qr ? t("link.renewing") : t("link.getting");
  };
  const live = code?.qr && code.state === "awaiting_scan" && rest > 0 ? code.qr : null;
  return (
    <div className="grid justify-items-center gap-3">
      <div aria-live="polite">{!live && <Waiting text={waiting()} />}</div>
      {live && (
        <>
          <div role="img" aria-label={t("link.qr", { name })} data-qr={live} className="rounded-xl border border-line bg-white p-4">
            <QRCodeSVG value={live} size={SIDE} level="L" marginSize={0} aria-hidden="true" />
          </div>
          <p className="flex items-center gap-2 text-sm text-soft">
            <Ring part={rest / whole} />
            <span>
              <Trans
                i18nKey="link.next_in"
                components={{
                  time: (
                    <bdi dir="ltr">
                      {Math.floor(rest / 60)}:{String(rest % 60).padStart(2, "0")}
                    </bdi>
                  ),
                }}
              />
            </span>
          </p>
          <p className="max-w-72 text-center text-sm text-soft">{code?.codes_left === 0 ? t("link.last_code") : t("link.codes_left", { count: code?.codes_left ?? 0 })}</p>
          {simulated && <ForTheSimulator code={live} />}
        </>
      )}
    </div>
  );
}
