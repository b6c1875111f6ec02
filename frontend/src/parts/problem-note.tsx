// A problem beside what it concerns, with the request id to quote.
import { CircleAlert } from "lucide-react";
import { Trans } from "react-i18next";
import { asProblem } from "@/api/problem";
import { useProblemText } from "./problem-text";

export function RequestId({ error }: { error: unknown }) {
  const { requestId } = asProblem(error);
  if (!requestId) return null;
  return (
    <p className="text-sm text-soft">
      <Trans i18nKey="problem.request_id" components={{ id: <bdi dir="ltr" className="select-all">{requestId}</bdi> }} />
    </p>
  );
}

export function ProblemNote({ error, text }: { error: unknown; text?: string | undefined }) {
  const words = useProblemText();
  return (
    <div role="alert" className="flex gap-3 rounded-card bg-danger-soft p-3 text-danger">
      <CircleAlert size={18} aria-hidden="true" className="mt-px shrink-0" />
      <div className="grid gap-1">
        <p>{text ?? words(error)}</p>
        <RequestId error={error} />
      </div>
    </div>
  );
}
