// What holds for the whole flow: language, hours, days of closure, entries, missed calls and recordings.
import { Plus, Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { CallFlow, FlowFault } from "@/api/objects";
import { sessionName, useSessions } from "@/numbers/sessions";
import { Button, IconButton } from "@/parts/button";
import { inOrder } from "./flow";
import { CheckEntry, ChoiceEntry, Entry, NumberEntry, TextEntry, useFaultText } from "./flow-fields";

interface Props {
  flow: CallFlow;
  faults: readonly FlowFault[];
  onChange(flow: CallFlow): void;
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const NINE_TO_SIX = [{ from: "09:00", to: "18:00" }];
const WEEK = { sun: NINE_TO_SIX, mon: NINE_TO_SIX, tue: NINE_TO_SIX, wed: NINE_TO_SIX, thu: NINE_TO_SIX, fri: [], sat: [] };
const ZONES = Intl.supportedValuesOf("timeZone");

/** Hours as people write them, `09:00-13:00, 14:00-18:00`, and back; what cannot be read stays for the API to name. */
const written = (spans: readonly { from: string; to: string }[]) => spans.map(({ from, to }) => `${from}-${to}`).join(", ");
function read(text: string): { from: string; to: string }[] {
  const parts = text.split(",").map((part) => part.trim());
  return parts.filter(Boolean).map((part) => {
    const [from = "", to = ""] = part.split("-").map((each) => each.trim());
    return { from, to };
  });
}

function Hours({ flow, faults, onChange }: Props) {
  const { t } = useTranslation();
  const hours = flow.hours;
  const wrong = (day: string) => (faults.some((fault) => fault.at.startsWith(`hours.${day}`)) ? t("flow.bad_time_fault") : null);
  return (
    <>
      <CheckEntry label={t("flow.has_hours")} checked={Boolean(hours)} onChange={(on) => onChange({ ...flow, hours: on ? WEEK : null })} />
      {hours && (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-3 sm:grid-cols-2">
          {DAYS.map((day) => (
            <Entry key={day} label={t(`flow.day_${day}`)} error={wrong(day)}>
              {(props) => (
                <input
                  {...props}
                  dir="ltr"
                  placeholder={t("flow.closed_day")}
                  defaultValue={written(hours[day] ?? [])}
                  onBlur={(event) => onChange({ ...flow, hours: { ...hours, [day]: read(event.target.value) } })}
                />
              )}
            </Entry>
          ))}
        </div>
      )}
    </>
  );
}

function Closures({ flow, faults, onChange }: Props) {
  const { t } = useTranslation();
  const closures = flow.closures ?? [];
  const text = useFaultText(faults);
  const set = (n: number, change: object) => onChange({ ...flow, closures: closures.map((each, index) => (index === n ? { ...each, ...change } : each)) });
  const add = () => {
    const today = new Date().toISOString().slice(0, 10);
    onChange({ ...flow, closures: [...closures, { from: today, to: today }] });
  };
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 font-medium">{t("flow.closures")}</legend>
      {closures.map((closure, n) => (
        // A closure has no name but its place.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={n} className="grid gap-1">
          <div className="flex items-end gap-2">
            <Entry label={t("flow.first_day")}>{(props) => <input {...props} type="date" value={closure.from} onChange={(event) => set(n, { from: event.target.value })} />}</Entry>
            <Entry label={t("flow.last_day")}>{(props) => <input {...props} type="date" value={closure.to} onChange={(event) => set(n, { to: event.target.value })} />}</Entry>
            <IconButton name={t("flow.remove_closure")} onClick={() => onChange({ ...flow, closures: closures.filter((_, index) => index !== n) })}>
              <Trash2 size={18} aria-hidden="true" />
            </IconButton>
          </div>
          {text(`closures.${n}`) && <p className="text-sm text-danger">{text(`closures.${n}`)}</p>}
        </div>
      ))}
      <Button small className="justify-self-start" onClick={add}>
        <Plus size={15} aria-hidden="true" />
        {t("flow.add_closure")}
      </Button>
    </fieldset>
  );
}

/** The number of the business that writes; none chosen: the one that there is, or that knows the caller. */
function Writer({ session, onChange }: { session: string | null; onChange(session: string | null): void }) {
  const { t } = useTranslation();
  const { data: sessions = [] } = useSessions();
  const named = sessions.map((each) => ({ value: each.id, label: sessionName(each, t("numbers.unnamed")) }));
  return <ChoiceEntry label={t("flow.missed_from")} value={session ?? ""} options={[{ value: "", label: t("flow.missed_from_any") }, ...named]} onChange={(id) => onChange(id || null)} />;
}

const NIGHT = { from: "22:00", to: "07:00" };

/** The hours in which nobody is written to; the message waits for their end. */
function Quiet({ quiet, error, onChange }: { quiet: typeof NIGHT | null; error: string | null; onChange(quiet: typeof NIGHT | null): void }) {
  const { t } = useTranslation();
  return (
    <>
      <CheckEntry label={t("flow.quiet")} checked={quiet !== null} onChange={(on) => onChange(on ? NIGHT : null)} />
      {quiet && (
        <div className="grid grid-cols-2 gap-3 sm:max-w-sm">
          <Entry label={t("flow.quiet_from")} error={error}>
            {(props) => <input {...props} type="time" value={quiet.from} onChange={(event) => onChange({ ...quiet, from: event.target.value })} />}
          </Entry>
          <Entry label={t("flow.quiet_to")}>{(props) => <input {...props} type="time" value={quiet.to} onChange={(event) => onChange({ ...quiet, to: event.target.value })} />}</Entry>
        </div>
      )}
    </>
  );
}

function Missed({ flow, faults, onChange }: Props) {
  const { t } = useTranslation();
  const text = useFaultText(faults);
  const missed = flow.missed_call ?? { enabled: false, text: "", window_h: 6, session_id: null, quiet: null };
  const set = (change: object) => onChange({ ...flow, missed_call: { ...missed, ...change } });
  return (
    <>
      <CheckEntry label={t("flow.missed")} checked={missed.enabled} onChange={(enabled) => set({ enabled })} />
      {missed.enabled && (
        <>
          <TextEntry long label={t("flow.missed_text")} value={missed.text} error={text("missed_call.text")} onChange={(words) => set({ text: words })} />
          <Writer session={missed.session_id ?? null} onChange={(session_id) => set({ session_id })} />
          <Quiet quiet={missed.quiet ?? null} error={text("missed_call.quiet")} onChange={(quiet) => set({ quiet })} />
          <NumberEntry label={t("flow.missed_window")} value={missed.window_h ?? 6} error={text("missed_call.window_h")} least={1} most={168} onChange={(window_h) => set({ window_h })} />
        </>
      )}
    </>
  );
}

export function FlowRules(props: Props) {
  const { flow, faults, onChange } = props;
  const { t } = useTranslation();
  const text = useFaultText(faults);
  const places = inOrder(flow).map((id) => ({ value: id, label: `${id} · ${t(`flow.kind_${flow.nodes[id]!.kind}`)}` }));
  const recording = flow.recording ?? { keep_days: null, delete_at_provider: true };
  const zones = ZONES.includes(flow.time_zone) ? ZONES : [flow.time_zone, ...ZONES];
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4 sm:grid-cols-2">
        <ChoiceEntry
          label={t("flow.language")}
          value={flow.language}
          options={[
            { value: "en", label: "English" },
            { value: "he", label: "עברית" },
          ]}
          onChange={(language) => onChange({ ...flow, language })}
        />
        <ChoiceEntry label={t("flow.time_zone")} value={flow.time_zone} error={text("time_zone")} options={zones.map((zone) => ({ value: zone, label: zone }))} onChange={(time_zone) => onChange({ ...flow, time_zone })} />
        <ChoiceEntry label={t("flow.entry_open")} value={flow.entry.open} error={text("entry.open")} options={places} onChange={(open) => onChange({ ...flow, entry: { ...flow.entry, open } })} />
        <ChoiceEntry label={t("flow.entry_closed")} value={flow.entry.closed} error={text("entry.closed")} options={places} onChange={(closed) => onChange({ ...flow, entry: { ...flow.entry, closed } })} />
      </div>
      <Hours {...props} />
      <Closures {...props} />
      <Missed {...props} />
      <CheckEntry label={t("flow.keep_for")} checked={recording.keep_days !== null && recording.keep_days !== undefined} onChange={(on) => onChange({ ...flow, recording: { ...recording, keep_days: on ? 90 : null } })} />
      {typeof recording.keep_days === "number" && (
        <NumberEntry label={t("flow.keep_days")} value={recording.keep_days} error={text("recording.keep_days")} least={1} most={3_650} onChange={(keep_days) => onChange({ ...flow, recording: { ...recording, keep_days } })} />
      )}
    </div>
  );
}
