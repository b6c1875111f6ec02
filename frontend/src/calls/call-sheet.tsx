// One call: what was recorded, and all that happened in it.
import { useTranslation } from "react-i18next";
import type { Call, CallStep } from "@/api/objects";
import { Sheet } from "@/parts/dialog";
import { Loaded } from "@/parts/loaded";
import { Clock, Moment, Phone } from "@/parts/time";
import { useCall } from "./calls";
import { HangUp } from "./hang-up";
import { useStanding } from "./standing";
import { CallChip, Duration, isCallState } from "./state";

function Player({ call }: { call: Call }) {
  const { t } = useTranslation();
  const recording = call.recording;
  if (!recording) return null;
  if (recording.state !== "ready") return <p className="text-soft">{t(`calls.recording_${recording.state}`)}</p>;
  return (
    // Nobody has written down what is said in it.
    // oxlint-disable-next-line jsx-a11y/media-has-caption
    <audio controls preload="metadata" aria-label={t("calls.recording")} className="w-full" src={`/v1/calls/${encodeURIComponent(call.call_sid)}/recording`} />
  );
}

function Step({ step }: { step: CallStep }) {
  const { t } = useTranslation();
  return (
    <li data-step={step.kind} className="flex gap-3">
      <span className="text-sm text-soft">
        <Clock at={step.at} />
      </span>
      <span>
        {t(`calls.step_${step.kind}`)}
        {step.node && (
          <span className="text-soft">
            {" · "}
            <bdi dir="ltr">{step.node}</bdi>
          </span>
        )}
        {step.detail && (
          <span className="text-soft">
            {" · "}
            <bdi>{isCallState(step.detail) ? t(`calls.state_${step.detail}`) : step.detail}</bdi>
          </span>
        )}
      </span>
    </li>
  );
}

function Facts({ call }: { call: Call }) {
  const { t } = useTranslation();
  const standing = useStanding()(call);
  return (
    <div className="grid gap-3">
      <p className="flex flex-wrap items-center gap-2">
        <CallChip state={call.state} />
        <Moment at={call.started_at} />
        {call.duration_s !== null && <Duration seconds={call.duration_s} />}
      </p>
      {standing && (
        <p data-standing>
          {standing.sentence} <span className="text-soft">{standing.next}</span>
        </p>
      )}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <dt className="text-soft">{t("calls.from")}</dt>
        <dd>{call.from ? <Phone value={call.from} /> : t("calls.withheld")}</dd>
        <dt className="text-soft">{t("calls.to")}</dt>
        <dd>{call.to ? <Phone value={call.to} /> : "–"}</dd>
      </dl>
      <Player call={call} />
      <HangUp call={call} />
    </div>
  );
}

export function CallSheet({ sid, onClose }: { sid: string; onClose(): void }) {
  const { t } = useTranslation();
  const query = useCall(sid);
  return (
    <Sheet title={t("calls.one")} onClose={onClose}>
      <Loaded query={query}>
        {({ call, steps }) => (
          <div className="grid gap-5">
            <Facts call={call} />
            <section className="grid gap-2">
              <h3 className="font-semibold">{t("calls.steps")}</h3>
              {steps.length === 0 ? (
                <p className="text-soft">{t("calls.no_steps")}</p>
              ) : (
                <ol className="grid gap-1.5">
                  {steps.map((step) => (
                    <Step key={step.n} step={step} />
                  ))}
                </ol>
              )}
            </section>
          </div>
        )}
      </Loaded>
    </Sheet>
  );
}
