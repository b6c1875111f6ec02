// Moments and phone numbers, which read from left to right in every language.
import { useFormats } from "@/words/formats";

export function Phone({ value }: { value: string }) {
  return (
    <bdi dir="ltr" className="whitespace-nowrap">
      {value}
    </bdi>
  );
}

/** The time when it was today, else the day; the whole moment on hover. */
export function Moment({ at }: { at: string }) {
  const formats = useFormats();
  const date = new Date(at);
  return (
    <time dateTime={at} title={formats.full(date)}>
      <bdi>{formats.brief(date)}</bdi>
    </time>
  );
}

/** The date itself, for a sentence that says "until". */
export function OnDate({ at }: { at: string }) {
  const formats = useFormats();
  const date = new Date(at);
  return (
    <time dateTime={at} title={formats.full(date)}>
      <bdi>{formats.date(date)}</bdi>
    </time>
  );
}

export function Clock({ at }: { at: string }) {
  const formats = useFormats();
  return (
    <time dateTime={at}>
      <bdi dir="ltr">{formats.time(new Date(at))}</bdi>
    </time>
  );
}
