// The search over chats; it asks the server once typing rests.
import { Search, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ownDirection } from "@/parts/own-direction";

const REST_MS = 200;
const LONGEST = 100;

export function ChatSearch({ value, onChange }: { value: string; onChange(text: string): void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(value);
  const change = useRef(onChange);
  useEffect(() => {
    change.current = onChange;
  });
  useEffect(() => {
    if (text.trim() === value) return undefined;
    const timer = setTimeout(() => change.current(text.trim()), REST_MS);
    return () => clearTimeout(timer);
  }, [text, value]);
  return (
    <div className="relative grow">
      <Search size={16} aria-hidden="true" className="pointer-events-none absolute inset-y-0 start-3 my-auto text-soft" />
      <input
        id="chat-search"
        type="text"
        role="searchbox"
        dir={ownDirection(text)}
        aria-label={t("inbox.search")}
        placeholder={t("inbox.search")}
        value={text}
        maxLength={LONGEST}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        className="field border-transparent bg-sunken !px-9"
      />
      {text && (
        <button
          type="button"
          aria-label={t("inbox.clear_search")}
          onClick={() => setText("")}
          className="absolute inset-y-0 end-1 my-auto grid size-8 place-items-center rounded-md text-soft hover:text-ink"
        >
          <X size={16} aria-hidden="true" />
        </button>
      )}
    </div>
  );
}
