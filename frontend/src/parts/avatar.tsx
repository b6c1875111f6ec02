// A round sign for a person: their first letter on a tone of their own.
const TONES = ["bg-accent-soft text-accent", "bg-ok-soft text-ok", "bg-attention-soft text-attention", "bg-danger-soft text-danger", "bg-sunken text-soft"];

function toneOf(key: string): string {
  let sum = 0;
  for (const char of key) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return TONES[sum % TONES.length] ?? "";
}

export function Avatar({ name, id }: { name: string; id: string }) {
  const letter = [...name].find((char) => /\p{L}/u.test(char)) ?? "#";
  return (
    <span aria-hidden="true" className={`grid size-10 shrink-0 place-items-center rounded-full text-lg font-medium ${toneOf(id)}`}>
      {letter.toLocaleUpperCase()}
    </span>
  );
}
