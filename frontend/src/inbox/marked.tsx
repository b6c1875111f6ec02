// A text with what was searched for marked in it.

interface Props {
  text: string;
  q: string | undefined;
  /** Of what stands before it, only so many letters. */
  lead?: number;
}

export function Marked({ text, q, lead = Number.POSITIVE_INFINITY }: Props) {
  const at = q ? text.toLocaleLowerCase().indexOf(q.toLocaleLowerCase()) : -1;
  if (!q || at < 0) return text;
  const before = text.slice(0, at);
  return (
    <>
      {before.length > lead ? `…${before.slice(-lead)}` : before}
      <mark className="rounded-sm bg-attention-soft text-ink">{text.slice(at, at + q.length)}</mark>
      {text.slice(at + q.length)}
    </>
  );
}
