// Calls: how busy the lines are, and every call with its state, how long it took and what was recorded.
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Mic, PhoneCall, PhoneOutgoing } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Call } from "@/api/objects";
import { Button, buttonClass } from "@/parts/button";
import { Loaded } from "@/parts/loaded";
import { More } from "@/parts/more";
import { Page, Rows } from "@/parts/page";
import { Blank, Denied } from "@/parts/states";
import { Moment, Phone } from "@/parts/time";
import { useMay, useMe } from "@/sign-in/account";
import { CallSheet } from "./call-sheet";
import { CallSomeone } from "./call-someone";
import { useCallNumbers, useCalls } from "./calls";
import { Gauge } from "./gauge";
import { useStanding } from "./standing";
import { CallChip, Duration } from "./state";
import { CallTabs } from "./tabs";

function CallRow({ call }: { call: Call }) {
  const { t } = useTranslation();
  const standing = useStanding()(call);
  const other = call.direction === "inbound" ? call.from : call.to;
  return (
    <li data-call={call.call_sid}>
      <Link to="/calls" search={{ call: call.call_sid }} className="flex min-h-14 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2 hover:bg-sunken">
        <span className="min-w-0 grow">
          <span className="block font-medium">{other ? <Phone value={other} /> : t("calls.withheld")}</span>
          <span className="block text-sm text-soft">{standing?.sentence ?? t(`calls.${call.direction}`)}</span>
        </span>
        {call.recording && (
          <span className="inline-flex items-center gap-1 text-sm text-accent">
            <Mic size={14} aria-hidden="true" />
            {t("calls.recording")}
          </span>
        )}
        {call.duration_s !== null && (
          <span className="text-sm text-soft">
            <Duration seconds={call.duration_s} />
          </span>
        )}
        <CallChip state={call.state} />
        <span className="text-sm text-soft">
          <Moment at={call.started_at} />
        </span>
      </Link>
    </li>
  );
}

function NoCalls() {
  const { t } = useTranslation();
  const may = useMay("calls:write");
  const { data: numbers } = useCallNumbers(may);
  return (
    <Blank
      icon={PhoneCall}
      title={t("calls.none_title")}
      action={
        may &&
        numbers?.length === 0 && (
          <Link to="/calls/numbers" className={buttonClass("primary")}>
            {t("call_numbers.add")}
          </Link>
        )
      }
    >
      {t("calls.none")}
    </Blank>
  );
}

/** Somebody who may, and a number that can call. */
function useCallButton(onClick: () => void) {
  const { t } = useTranslation();
  const mayCall = useMay("calls:write");
  const { data: numbers } = useCallNumbers(mayCall);
  return (
    mayCall &&
    numbers !== undefined &&
    numbers.length > 0 && (
      <Button look="primary" onClick={onClick}>
        <PhoneOutgoing size={18} aria-hidden="true" />
        {t("calls.call")}
      </Button>
    )
  );
}

export function CallsPage() {
  const { t } = useTranslation();
  const [calling, setCalling] = useState(false);
  const button = useCallButton(() => setCalling(true));
  const navigate = useNavigate();
  const { data: me } = useMe();
  const may = useMay("calls:read");
  const query = useCalls(may);
  const { call: shown } = useSearch({ from: "/frame/calls" });
  if (me && !may) return <Denied heading="h1" />;
  return (
    <Page title={t("calls.title")} intro={t("calls.intro")} tabs={<CallTabs />} action={button}>
      {may && <Gauge />}
      <Loaded query={query}>
        {(calls) =>
          calls.length === 0 ? (
            <NoCalls />
          ) : (
            <>
              <Rows label={t("calls.title")}>
                {calls.map((call) => (
                  <CallRow key={call.call_sid} call={call} />
                ))}
              </Rows>
              <More query={query} />
            </>
          )
        }
      </Loaded>
      {calling && <CallSomeone onClose={() => setCalling(false)} />}
      {shown && <CallSheet sid={shown} onClose={() => void navigate({ to: "/calls", search: {} })} />}
    </Page>
  );
}
