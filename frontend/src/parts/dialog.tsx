// A modal sheet. The scrim is our own element: Radix's overlay inserts a style tag, which
// the Content-Security-Policy refuses.
import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./button";

/** The first field gets the focus, else the sheet itself: never a button that acts. */
function focusFirst(event: Event): void {
  event.preventDefault();
  const sheet = event.currentTarget;
  if (!(sheet instanceof HTMLElement)) return;
  const field = sheet.querySelector<HTMLElement>("input, textarea, select");
  (field ?? sheet).focus();
}

/** What lies between the page and a sheet. */
export function Scrim() {
  return <div className="fixed inset-0 z-30 bg-scrim" aria-hidden="true" />;
}

interface Props {
  title: ReactNode;
  description?: ReactNode;
  onClose(): void;
  children: ReactNode;
  wide?: boolean;
}

export function Sheet({ title, description, onClose, children, wide = false }: Props) {
  const { t } = useTranslation();
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Scrim />
        <div className="pointer-events-none fixed inset-0 z-40 grid items-end justify-items-center sm:items-center sm:p-6">
          <Dialog.Content
            onOpenAutoFocus={focusFirst}
            {...(description ? {} : { "aria-describedby": undefined })}
            className={`arrive pointer-events-auto outline-none max-h-full w-full overflow-y-auto rounded-t-2xl border border-line bg-raised p-6 sm:rounded-2xl ${wide ? "sm:max-w-3xl" : "sm:max-w-md"}`}
          >
            <div className="mb-4 flex items-start gap-3">
              <div className="grow">
                <Dialog.Title className="text-xl font-semibold">{title}</Dialog.Title>
                {description && <Dialog.Description className="mt-1 text-soft">{description}</Dialog.Description>}
              </div>
              <Dialog.Close asChild>
                <IconButton name={t("common.close")} className="-me-2 -mt-1">
                  <X size={18} aria-hidden="true" />
                </IconButton>
              </Dialog.Close>
            </div>
            {children}
          </Dialog.Content>
        </div>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
