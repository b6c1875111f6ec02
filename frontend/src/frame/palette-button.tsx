// Opens the palette, by the button or by Ctrl/⌘ K wherever one is. The palette itself is loaded when it is first asked for.
import { Search } from "lucide-react";
import { Suspense, lazy, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

const Palette = lazy(() => import("./palette").then((part) => ({ default: part.Palette })));

/** The key beside K: what this machine's keyboard calls it. */
const MODIFIER = /mac|iphone|ipad/i.test(navigator.userAgent) ? "⌘" : "Ctrl";

export function PaletteButton() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.code !== "KeyK") return;
      event.preventDefault();
      setOpen((was) => was || !document.querySelector('[role="dialog"]'));
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return (
    <>
      <button
        type="button"
        aria-keyshortcuts="Control+K Meta+K"
        onClick={() => setOpen(true)}
        className="grid size-10 shrink-0 place-items-center rounded-card text-soft transition-colors duration-100 hover:bg-sunken hover:text-ink md:flex md:h-9 md:w-72 md:items-center md:gap-2 md:bg-sunken md:px-3"
      >
        <Search size={16} aria-hidden="true" className="shrink-0" />
        <span className="sr-only grow truncate text-start md:not-sr-only">{t("palette.open")}</span>
        <kbd aria-hidden="true" dir="ltr" className="hidden font-sans text-[12px] md:inline">
          {MODIFIER} K
        </kbd>
      </button>
      {open && (
        <Suspense fallback={null}>
          <Palette onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
