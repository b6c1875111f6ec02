// What is typed decides a field's direction; while it is empty, the page does, so that the words in it start where the
// page's words start. (`dir="auto"` alone makes an empty field left to right.)
import { type FormEvent, useState } from "react";

/** The `dir` of a field that holds `text`. */
export function ownDirection(text: string): "auto" | undefined {
  return text === "" ? undefined : "auto";
}

/** The same for a field that keeps its own text, which is `first` at the beginning. */
export function useOwnDirection(first: string) {
  const [text, setText] = useState(first);
  return {
    dir: ownDirection(text),
    onInput: (event: FormEvent<HTMLInputElement | HTMLTextAreaElement>) => setText(event.currentTarget.value),
  };
}
