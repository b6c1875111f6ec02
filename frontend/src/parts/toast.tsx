// Short notes that something was done. Radix's parts carry the live region and the keyboard.
import { X } from "lucide-react";
import { Toast } from "radix-ui";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

interface Note {
  id: number;
  text: string;
}

const SHOWN_MS = 5_000;
const MOST = 3;
let notes: readonly Note[] = [];
let last = 0;
const watchers = new Set<() => void>();

function put(next: readonly Note[]): void {
  notes = next;
  for (const watcher of watchers) watcher();
}

/** Shows a note for a few seconds. */
export function say(text: string): void {
  last += 1;
  put([...notes, { id: last, text }].slice(-MOST));
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function Toasts() {
  const { t } = useTranslation();
  const shown = useSyncExternalStore(watch, () => notes);
  return (
    <Toast.Provider duration={SHOWN_MS} swipeDirection="down">
      {shown.map((note) => (
        <Toast.Root
          key={note.id}
          onOpenChange={(open) => !open && put(notes.filter((each) => each.id !== note.id))}
          className="arrive flex items-center gap-2 rounded-card border border-line bg-raised ps-4 pe-1"
        >
          <Toast.Description className="py-2">{note.text}</Toast.Description>
          <Toast.Close aria-label={t("common.dismiss")} className="grid size-9 place-items-center text-soft hover:text-ink">
            <X size={16} aria-hidden="true" />
          </Toast.Close>
        </Toast.Root>
      ))}
      <Toast.Viewport className="fixed end-4 bottom-20 z-50 grid gap-2 sm:bottom-4" />
    </Toast.Provider>
  );
}
