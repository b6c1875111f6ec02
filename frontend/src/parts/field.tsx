// A labelled input with its hint and its error, tied together for screen readers.
import { type ComponentProps, type ReactNode, useId } from "react";

type Props = ComponentProps<"input"> & { label: string; hint?: ReactNode; error?: string | null };

export function Field({ label, hint, error, className = "", ...rest }: Props) {
  const id = useId();
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const described = [hint ? hintId : null, error ? errorId : null].filter(Boolean).join(" ");
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <input
        id={id}
        aria-describedby={described || undefined}
        aria-invalid={error ? true : undefined}
        {...rest}
        className={`field ${error ? "border-danger" : ""} ${className}`}
      />
      {hint && (
        <p id={hintId} className="text-sm text-soft">
          {hint}
        </p>
      )}
      {error && (
        <p id={errorId} className="text-sm text-danger">
          {error}
        </p>
      )}
    </div>
  );
}
