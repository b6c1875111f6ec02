// How to scan, in three drawings.
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

function Phone({ children }: { children: ReactNode }) {
  return (
    <svg aria-hidden="true" width="48" height="72" viewBox="0 0 48 72" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" className="shrink-0 text-accent">
      <rect x="5" y="3" width="38" height="66" rx="7" />
      <path d="M20 8.5h8" />
      {children}
    </svg>
  );
}

const DRAWINGS = [
  <Phone key="open">
    <path d="M24 26a10 10 0 1 1-5 18.700l-5.500 1.800 1.800-5.300A10 10 0 0 1 24 26Z" />
    <path d="M20 34.500c1.500 3.500 3.500 5 7.500 5.500" />
  </Phone>,
  <Phone key="menu">
    <path d="M13 22h14M13 32h10" className="opacity-50" />
    <rect x="10" y="39" width="28" height="11" rx="3" className="fill-accent-soft" />
    <path d="M15 44.500h12M33 42.500l2 2-2 2" />
    <path d="M13 58h12" className="opacity-50" />
  </Phone>,
  <Phone key="scan">
    <path d="M13 29v-5h5M30 24h5v5M35 40v5h-5M18 45h-5v-5" />
    <path d="M18 29.500h4v4h-4zM26 29.500h4v4h-4zM18 36.500h4v4h-4zM26.500 37h.1M30 40.500h.1" />
    <path d="M10 55h28" className="opacity-50" />
  </Phone>,
];

export function HowTo() {
  const { t } = useTranslation();
  const steps = [t("link.step_1"), t("link.step_2"), t("link.step_3")];
  return (
    <ol className="grid gap-4">
      {steps.map((step, index) => (
        <li key={step} className="flex items-center gap-4">
          {DRAWINGS[index]}
          <span className="text-lg">{step}</span>
        </li>
      ))}
    </ol>
  );
}
