// The API reference, made from the OpenAPI file of this very server.
import { ArrowLeft } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, asProblem } from "@/api/problem";
import { send } from "@/api/send";
import { Mark } from "@/parts/mark";
import { Bone, Skeleton } from "@/parts/states";
import { OperationCard } from "./operation";
import { type Spec, operationsByTag } from "./spec";

const FILE = "/openapi.json";

function useSpec() {
  const [spec, setSpec] = useState<Spec | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    send(new Request(FILE, { signal: stop.signal }))
      .then((response) => response.json() as Promise<Spec>)
      .then(setSpec, (error: unknown) => stop.signal.aborted || setProblem(asProblem(error)));
    return () => stop.abort();
  }, []);
  return { spec, problem };
}

/** The address may name an operation that was not there when the page opened. */
function useHash(ready: boolean): void {
  useEffect(() => {
    if (ready && location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [ready]);
}

function Contents({ spec }: { spec: Spec }) {
  const { t } = useTranslation();
  return (
    <nav aria-label={t("docs.contents")} className="hidden min-h-0 overflow-y-auto border-e border-line bg-raised p-4 lg:block">
      {[...operationsByTag(spec)].map(([tag, operations]) => (
        <div key={tag} className="mb-4">
          <p className="mb-1 font-semibold capitalize">{tag}</p>
          <ul className="grid text-sm">
            {operations.map((operation) => (
              <li key={operation.id}>
                <a href={`#${operation.id}`} dir="ltr" className="block rounded-md px-2 py-1 text-start break-all text-soft hover:bg-sunken hover:text-ink">
                  <span className="uppercase">{operation.method}</span> {operation.path.replace(/^\/v1/, "")}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

export function DocsPage() {
  const { t } = useTranslation();
  const { spec, problem } = useSpec();
  useHash(spec !== null);
  return (
    <div className="grid h-dvh grid-cols-[minmax(0,1fr)] grid-rows-[auto_1fr] lg:grid-cols-[20rem_minmax(0,1fr)]">
      <header className="flex min-h-14 items-center gap-3 border-b border-line bg-raised px-4 lg:col-span-2">
        <Mark size={26} />
        <h1 className="grow text-lg font-semibold">{t("docs.title")}</h1>
        <a href="/inbox" className="flex min-h-9 items-center gap-2 rounded-card px-3 text-accent hover:bg-sunken">
          <ArrowLeft size={16} aria-hidden="true" className="rtl:-scale-x-100" />
          {t("docs.back")}
        </a>
      </header>
      {spec && <Contents spec={spec} />}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls must be reachable by keyboard */}
      <main tabIndex={0} className="min-h-0 overflow-y-auto outline-offset-[-2px]">
        <div className="mx-auto grid max-w-4xl grid-cols-[minmax(0,1fr)] gap-8 p-4 sm:p-8">
          <p className="text-soft">
            {t("docs.intro")}{" "}
            <a href={FILE} className="text-accent underline underline-offset-2">
              openapi.json
            </a>
            {" · "}
            <a href="/docs/problems" className="text-accent underline underline-offset-2">
              {t("docs.problems")}
            </a>
          </p>
          {problem && <p role="alert">{t("docs.failed")}</p>}
          {!spec && !problem && (
            <Skeleton className="grid gap-4">
              <Bone className="h-40" />
              <Bone className="h-40" />
            </Skeleton>
          )}
          {spec &&
            [...operationsByTag(spec)].map(([tag, operations]) => (
              <section key={tag} aria-label={tag} className="grid grid-cols-[minmax(0,1fr)] gap-4">
                <h2 className="text-xl font-semibold capitalize">{tag}</h2>
                {operations.map((operation) => (
                  <OperationCard key={operation.id} spec={spec} operation={operation} />
                ))}
              </section>
            ))}
        </div>
      </main>
    </div>
  );
}
