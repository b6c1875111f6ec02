// A round sign for a person: their first letter, or a head where no name is known, on a tone of their own.
import { UserRound } from "lucide-react";

const TONES = ["bg-accent-soft text-accent", "bg-ok-soft text-ok", "bg-attention-soft text-attention", "bg-danger-soft text-danger", "bg-sunken text-soft"];

function toneOf(key: string): string {
  let sum = 0;
  for (const char of key) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return TONES[sum % TONES.length] ?? "";
}

const ICONS = { small: 17, list: 19, large: 30 } as const;
const SIZES = { small: "size-8 text-base", list: "size-10 text-lg", large: "size-16 text-2xl" } as const;

export function Avatar({ name, id, size = "list" }: { name: string; id: string; size?: keyof typeof SIZES }) {
  const letter = [...name].find((char) => /\p{L}/u.test(char));
  return (
    <span aria-hidden="true" className={`grid shrink-0 place-items-center rounded-full font-medium ${SIZES[size]} ${toneOf(id)}`}>
      {letter ? letter.toLocaleUpperCase() : <UserRound size={ICONS[size]} />}
    </span>
  );
}
