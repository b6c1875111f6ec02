// What a page shows when it has nothing to show: loading, empty, in error, denied, offline.
import { CircleAlert, Lock, type LucideIcon, WifiOff } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "@/api/problem";
import { Button } from "./button";
import { RequestId } from "./problem-note";
import { useProblemText } from "./problem-text";

interface BlankProps {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  alert?: boolean;
  /** The heading's level: 1 where this is the whole page. */
  heading?: "h1" | "h2";
}

export function Blank({ icon: Icon, title, children, action, alert = false, heading: Heading = "h2" }: BlankProps) {
  return (
    <div role={alert ? "alert" : undefined} className="grid min-h-64 place-content-center justify-items-center gap-3 p-6 text-center">
      <span className={`grid size-12 place-items-center rounded-full ${alert ? "bg-danger-soft text-danger" : "bg-accent-soft text-accent"}`}>
        <Icon size={22} aria-hidden="true" />
      </span>
      <Heading className="text-lg font-semibold">{title}</Heading>
      {children && <div className="max-w-sm text-soft">{children}</div>}
      {action}
    </div>
  );
}

/** A page that is not for this person's role. */
export function Denied({ heading = "h2" }: Pick<BlankProps, "heading">) {
  const { t } = useTranslation();
  return (
    <Blank heading={heading} icon={Lock} title={t("problem.denied_title")}>
      {t("problem.denied")}
    </Blank>
  );
}

export function PageProblem({ error, onRetry }: { error: unknown; onRetry(): void }) {
  const { t } = useTranslation();
  const words = useProblemText();
  const problem = asProblem(error);
  if (problem.status === 403) return <Denied />;
  const offline = problem.status === 0 && !navigator.onLine;
  return (
    <Blank
      alert
      icon={offline ? WifiOff : CircleAlert}
      title={offline ? t("problem.offline_title") : t("problem.title")}
      action={
        <Button look="primary" onClick={onRetry}>
          {t("common.retry")}
        </Button>
      }
    >
      <div className="grid gap-2">
        <p>{offline ? t("problem.offline") : words(error)}</p>
        <RequestId error={error} />
      </div>
    </Blank>
  );
}

export function Bone({ className }: { className: string }) {
  return <span className={`block animate-pulse rounded-card bg-sunken ${className}`} />;
}

/** Wraps bones: says "loading" once, hides the shapes. */
export function Skeleton({ children, className = "" }: { children: ReactNode; className?: string }) {
  const { t } = useTranslation();
  return (
    <div role="status" className={className}>
      <span className="sr-only">{t("common.loading")}</span>
      <div aria-hidden="true" className="contents">
        {children}
      </div>
    </div>
  );
}
