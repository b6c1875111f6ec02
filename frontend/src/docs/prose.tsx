// A text of the description: what stands between backticks is code.
import { Fragment } from "react";

export function Prose({ text }: { text: string }) {
  return text.split("`").map((part, index) =>
    // oxlint-disable-next-line react/no-array-index-key -- the parts of a text keep their places
    index % 2 === 1 ? <code key={index}>{part}</code> : <Fragment key={index}>{part}</Fragment>,
  );
}
