// A small label above a choice of a filter bar, tied to it.
import { type ReactNode, useId } from "react";

export function Labelled({ label, children }: { label: string; children(id: string): ReactNode }) {
  const id = useId();
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="text-sm text-soft">
        {label}
      </label>
      {children(id)}
    </div>
  );
}
