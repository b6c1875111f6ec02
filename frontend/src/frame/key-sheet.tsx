// The sheet of keyboard shortcuts.
import { useTranslation } from "react-i18next";
import { Sheet } from "@/parts/dialog";

const ROWS = [
  ["next", ["j"]],
  ["previous", ["k"]],
  ["reply", ["r"]],
  ["new", ["n"]],
  ["search", ["/"]],
  ["details", ["i"]],
  ["palette", ["Ctrl", "K"]],
  ["inbox", ["g", "i"]],
  ["numbers", ["g", "n"]],
  ["developers", ["g", "d"]],
  ["settings", ["g", "s"]],
  ["send", ["Enter"]],
  ["break", ["Shift", "Enter"]],
  ["close", ["Esc"]],
  ["sheet", ["?"]],
] as const;

export function KeySheet({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  return (
    <Sheet title={t("keys.title")} onClose={onClose}>
      <dl className="grid grid-cols-[1fr_auto] items-center gap-y-2">
        {ROWS.map(([name, keys]) => (
          <div key={name} className="contents">
            <dt>{t(`keys.${name}`)}</dt>
            <dd dir="ltr" className="flex gap-1">
              {keys.map((key) => (
                <kbd key={key} className="rounded-md border border-line-strong bg-sunken px-2 py-0.5 font-sans text-sm">
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}
