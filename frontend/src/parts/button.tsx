// Buttons in four weights; the icon-only one always carries a name.
import type { ComponentProps, ReactNode } from "react";

const LOOKS = {
  primary: "bg-accent text-accent-ink hover:bg-accent-strong font-medium px-4",
  plain: "border border-line-strong bg-raised hover:bg-sunken px-4",
  quiet: "hover:bg-sunken px-3",
  danger: "bg-danger text-raised hover:opacity-90 font-medium px-4",
} as const;

export type ButtonLook = keyof typeof LOOKS;

const BASE =
  "inline-flex items-center justify-center gap-2 rounded-card transition-colors duration-100 disabled:opacity-60 select-none whitespace-nowrap";

export function buttonClass(look: ButtonLook = "plain", small = false): string {
  return `${BASE} ${small ? "min-h-8 text-sm" : "min-h-10"} ${LOOKS[look]}`;
}

type Props = ComponentProps<"button"> & { look?: ButtonLook; small?: boolean; busy?: boolean };

export function Button({ look = "plain", small = false, busy = false, type = "button", className = "", ...rest }: Props) {
  return (
    <button
      // oxlint-disable-next-line react/button-has-type
      type={type}
      aria-busy={busy || undefined}
      disabled={busy || rest.disabled}
      {...rest}
      className={`${buttonClass(look, small)} ${className}`}
    />
  );
}

export function IconButton({ name, children, className = "", ...rest }: ComponentProps<"button"> & { name: string; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={name}
      title={name}
      {...rest}
      className={`inline-grid size-10 shrink-0 place-items-center rounded-card text-soft transition-colors duration-100 hover:bg-sunken hover:text-ink ${className}`}
    >
      {children}
    </button>
  );
}
