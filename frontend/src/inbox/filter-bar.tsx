// The filters over the list of chats: unread alone, and one number alone where there are several.
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { sessionName, useSessions } from "@/numbers/sessions";
import type { Filter } from "./filter";

const CHIP =
  "min-h-8 rounded-full border px-3 text-sm transition-colors duration-100 aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent";

export function FilterBar({ filter }: { filter: Filter }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data: sessions } = useSessions();
  const set = (change: Filter) => void navigate({ to: ".", search: { ...filter, ...change }, replace: true });
  const chip = (unread: true | undefined, word: string) => (
    <button
      type="button"
      aria-pressed={filter.unread === unread}
      onClick={() => set({ unread })}
      className={`${CHIP} ${filter.unread === unread ? "" : "border-line text-soft hover:bg-sunken"}`}
    >
      {word}
    </button>
  );
  return (
    <div role="group" aria-label={t("inbox.filters")} className="flex min-w-0 items-center gap-1.5 border-b border-line px-3 pb-2">
      {chip(undefined, t("inbox.filter_all"))}
      {chip(true, t("inbox.filter_unread"))}
      {sessions && sessions.length > 1 && (
        <select
          aria-label={t("inbox.filter_number")}
          value={filter.number ?? ""}
          onChange={(event) => set({ number: event.target.value || undefined })}
          className={`ms-auto min-h-8 max-w-40 min-w-0 truncate rounded-full border bg-raised px-2 text-sm ${filter.number ? "border-accent font-medium text-accent" : "border-line text-soft"}`}
        >
          <option value="">{t("inbox.filter_every_number")}</option>
          {sessions.map((each) => (
            <option key={each.id} value={each.id}>
              {sessionName(each, t("numbers.unnamed"))}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
