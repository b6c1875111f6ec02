// What the list of dead letters shows: of which queue, kind, business and error, and how old at most.
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { Labelled } from "@/parts/labelled";
import { AGES, type LetterFilter, isFiltered, letterSearch } from "./letter-search";
import { QUEUES } from "./queue-names";
import { useTenantNames } from "./tenants";

interface ChoiceProps {
  label: string;
  any: string;
  value: string | undefined;
  onChoose(value: string): void;
  children: ReactNode;
}

function Choice({ label, any, value, onChoose, children }: ChoiceProps) {
  return (
    <Labelled label={label}>
      {(id) => (
        <select id={id} className="field" value={value ?? ""} onChange={(event) => onChoose(event.target.value)}>
          <option value="">{any}</option>
          {children}
        </select>
      )}
    </Labelled>
  );
}

export function LetterFilterBar({ kinds, errors }: { kinds: readonly string[]; errors: readonly string[] }) {
  const { t } = useTranslation();
  const filter = useSearch({ from: "/frame/queues/dead-letters" });
  const navigate = useNavigate();
  const names = useTenantNames();
  const set = (change: Record<keyof LetterFilter, unknown> | Partial<Record<keyof LetterFilter, unknown>>) =>
    void navigate({ to: "/queues/dead-letters", search: letterSearch({ ...filter, ...change }), replace: true });
  return (
    <div role="search" aria-label={t("letters.filter")} className="flex flex-wrap items-end gap-3">
      <Choice label={t("queues.queue")} any={t("letters.any")} value={filter.queue} onChoose={(queue) => set({ queue })}>
        {QUEUES.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </Choice>
      <Choice label={t("letters.kind")} any={t("letters.any")} value={filter.kind} onChoose={(kind) => set({ kind })}>
        {kinds.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </Choice>
      <Choice label={t("letters.error")} any={t("letters.any")} value={filter.error} onChoose={(error) => set({ error })}>
        {errors.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </Choice>
      <Choice label={t("letters.business")} any={t("letters.any")} value={filter.business} onChoose={(business) => set({ business })}>
        {[...names].map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Choice>
      <Choice label={t("letters.age")} any={t("letters.any_age")} value={filter.hours?.toString()} onChoose={(hours) => set({ hours })}>
        {AGES.map((each) => (
          <option key={each} value={each}>
            {t("letters.hours", { count: each })}
          </option>
        ))}
      </Choice>
      {isFiltered(filter) && (
        <Button onClick={() => void navigate({ to: "/queues/dead-letters", search: {}, replace: true })}>{t("letters.all")}</Button>
      )}
    </div>
  );
}
