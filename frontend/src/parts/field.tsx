// A labelled input with its hint and its error, tied together for screen readers. It keeps its own text.
import { type ComponentProps, type ReactNode, useId } from "react";
import { useOwnDirection } from "./own-direction";

type Props = ComponentProps<"input"> & { label: string; hint?: ReactNode; error?: string | null };

export function Field({ label, hint, error, className = "", dir, ...rest }: Props) {
  const id = useId();
  const own = useOwnDirection(String(rest.defaultValue ?? ""));
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
        dir={dir}
        {...(dir === "auto" && own)}
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
