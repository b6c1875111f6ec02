// One load of a shard: its name, its value in words, and a bar that compares.

interface Props {
  label: string;
  value: string;
  /** From 0 to 1. */
  part: number;
}

/** A bar that is nearly full asks for attention. */
const FULL = 0.9;

export function LoadBar({ label, value, part }: Props) {
  const width = `${Math.min(Math.max(part, 0), 1) * 100}%`;
  return (
    <div className="grid gap-1">
      <dt className="text-sm text-soft">{label}</dt>
      <dd className="grid gap-1">
        <span className="tabular-nums">
          <bdi>{value}</bdi>
        </span>
        <span aria-hidden="true" className="block h-1.5 overflow-hidden rounded-full bg-sunken">
          <span className={`block h-full rounded-full ${part >= FULL ? "bg-attention" : "bg-accent"}`} style={{ inlineSize: width }} />
        </span>
      </dd>
    </div>
  );
}
