// How a link attempt ended: connected, or with a named reason and a way to try again.
import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleSlash2 } from "lucide-react";
import { Trans, useTranslation } from "react-i18next";
import type { SessionState } from "@/api/objects";
import { useReasons } from "@/api/reasons";
import { Button, buttonClass } from "@/parts/button";
import { Blank } from "@/parts/states";
import { Phone } from "@/parts/time";

interface Props {
  phone: string | null;
  state: SessionState;
  reason: string | null;
  busy: boolean;
  onAgain(): void;
  onClose(): void;
}

export function LinkEnd({ phone, state, reason: code, busy, onAgain, onClose }: Props) {
  const { t } = useTranslation();
  const reason = useReasons()(code);
  if (state === "connected" || state === "restricted") {
    return (
      <div role="status">
        <Blank
          icon={CircleCheck}
          title={t("link.connected")}
          action={
            <div className="flex flex-wrap justify-center gap-2">
              <Button onClick={onClose}>{t("common.done")}</Button>
              <Link to="/inbox" className={buttonClass("primary")}>
                {t("link.to_inbox")}
              </Link>
            </div>
          }
        >
          {phone && <Trans i18nKey="link.connected_as" components={{ phone: <Phone value={phone} /> }} />}
        </Blank>
      </div>
    );
  }
  const expired = code === "link_expired";
  return (
    <Blank
      alert
      icon={CircleSlash2}
      title={expired ? t("link.expired") : t("link.ended")}
      action={
        <div className="flex flex-wrap justify-center gap-2">
          <Button onClick={onClose}>{t("common.close")}</Button>
          <Button look="primary" busy={busy} onClick={onAgain}>
            {t("link.again")}
          </Button>
        </div>
      }
    >
      {!expired && reason && (
        <>
          <p>{reason.sentence}</p>
          <p>{reason.nextStep}</p>
        </>
      )}
    </Blank>
  );
}
