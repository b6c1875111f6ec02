// A page that scrolls as a whole: its title, what it is for, its one main action, and its content.
import type { ReactNode } from "react";
import { useTitle } from "./title";

interface Props {
  title: string;
  intro?: ReactNode;
  action?: ReactNode;
  tabs?: ReactNode;
  /** For tables with many columns. */
  wide?: boolean;
  children: ReactNode;
}

export function Page({ title, intro, action, tabs, wide = false, children }: Props) {
  useTitle(title);
  return (
    <div className="min-h-0 grow overflow-y-auto">
      <div className={`mx-auto grid grid-cols-[minmax(0,1fr)] gap-6 p-4 sm:p-6 ${wide ? "max-w-6xl" : "max-w-4xl"}`}>
        {tabs}
        <div className="flex flex-wrap items-center gap-4">
          <div className="min-w-0 grow">
            <h1 className="text-xl font-semibold">{title}</h1>
            {intro && <p className="text-soft">{intro}</p>}
          </div>
          {action}
        </div>
        {children}
      </div>
    </div>
  );
}

/** A raised box with a heading of its own. */
export function Panel({ title, intro, children }: { title: string; intro?: ReactNode; children: ReactNode }) {
  return (
    <section className="grid grid-cols-[minmax(0,1fr)] content-start gap-4 rounded-2xl border border-line bg-raised p-5">
      <div>
        <h2 className="text-lg font-semibold">{title}</h2>
        {intro && <p className="text-soft">{intro}</p>}
      </div>
      {children}
    </section>
  );
}

/** Rows under each other in one box. */
export function Rows({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul aria-label={label} className="divide-y divide-line rounded-2xl border border-line bg-raised">
      {children}
    </ul>
  );
}
