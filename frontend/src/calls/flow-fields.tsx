// The inputs of the flow's editor: each keeps what the flow says and shows the fault that is found there.
import { type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import type { FlowFault } from "@/api/objects";

/** The sentences of the faults at this place. */
export function useFaultText(faults: readonly FlowFault[]): (at: string) => string | null {
  const { t } = useTranslation();
  return (at) => {
    const found = faults.filter((fault) => fault.at === at);
    return found.length > 0 ? found.map((fault) => t(`flow.${fault.code}_fault`)).join(" ") : null;
  };
}

interface Props {
  label: string;
  error?: string | null;
  children(props: { id: string; "aria-invalid": true | undefined; "aria-describedby": string | undefined; className: string }): ReactNode;
}

/** A label, the input that `children` makes, and what is wrong with it. */
export function Entry({ label, error = null, children }: Props) {
  const id = useId();
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children({
        id,
        "aria-invalid": error ? true : undefined,
        "aria-describedby": error ? `${id}-error` : undefined,
        className: `field ${error ? "border-danger" : ""}`,
      })}
      {error && (
        <p id={`${id}-error`} className="text-sm text-danger">
          {error}
        </p>
      )}
    </div>
  );
}

interface TextProps {
  label: string;
  value: string;
  error: string | null;
  onChange(value: string): void;
  long?: boolean;
  ltr?: boolean;
}

export function TextEntry({ label, value, error, onChange, long = false, ltr = false }: TextProps) {
  return (
    <Entry label={label} error={error}>
      {(props) =>
        long ? (
          <textarea {...props} dir="auto" rows={3} maxLength={4_096} value={value} onChange={(event) => onChange(event.target.value)} />
        ) : (
          <input {...props} dir={ltr ? "ltr" : "auto"} maxLength={1_000} value={value} onChange={(event) => onChange(event.target.value)} />
        )
      }
    </Entry>
  );
}

interface NumberProps {
  label: string;
  value: number;
  error: string | null;
  least: number;
  most: number;
  onChange(value: number): void;
}

export function NumberEntry({ label, value, error, least, most, onChange }: NumberProps) {
  return (
    <Entry label={label} error={error}>
      {(props) => <input {...props} type="number" dir="ltr" min={least} max={most} value={value} onChange={(event) => onChange(Number(event.target.value) || 0)} />}
    </Entry>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  error?: string | null;
  options: readonly { value: Value; label: string }[];
  onChange(value: Value): void;
}

export function ChoiceEntry<Value extends string>({ label, value, error = null, options, onChange }: ChoiceProps<Value>) {
  const known = options.some((each) => each.value === value);
  return (
    <Entry label={label} error={error}>
      {(props) => (
        <select
          {...props}
          value={value}
          onChange={(event) => {
            const found = options.find((each) => each.value === event.target.value);
            if (found) onChange(found.value);
          }}
        >
          {!known && <option value={value}>{value}</option>}
          {options.map((each) => (
            <option key={each.value} value={each.value}>
              {each.label}
            </option>
          ))}
        </select>
      )}
    </Entry>
  );
}

interface CheckProps {
  label: string;
  checked: boolean;
  onChange(checked: boolean): void;
}

export function CheckEntry({ label, checked, onChange }: CheckProps) {
  return (
    <label className="flex min-h-10 cursor-pointer items-center gap-3">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} className="size-4 accent-[var(--accent)]" />
      {label}
    </label>
  );
}
