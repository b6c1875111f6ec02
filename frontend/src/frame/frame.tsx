// The frame of every page after sign-in: rail, header, the page, and the live line behind it.
import { Outlet, useNavigate } from "@tanstack/react-router";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { applyEvent, mergedChats, readAll, threadKey } from "@/live/apply";
import { foldMessage } from "@/live/fold";
import { startLive } from "@/live/live";
import { resumeSending, whenStored } from "@/inbox/outbox";
import { PageProblem } from "@/parts/states";
import { useMe } from "@/sign-in/account";
import { Header } from "./header";
import { useKeys } from "./keys";
import { LiveBanner } from "./live-dot";
import { usePlaces } from "./pages";
import { Rail } from "./rail";
import { followSwitches } from "./switched";

function useLive(): void {
  const queries = useQueryClient();
  const navigate = useNavigate();
  useEffect(() => {
    whenStored((message) => {
      queries.setQueryData<Parameters<typeof foldMessage>[0]>(threadKey(message.chat_id), (old) => old && foldMessage(old, message));
    });
    return startLive({
      onEvent: (event) => {
        applyEvent(queries, event);
        const merged = mergedChats(event);
        if (merged && location.pathname === `/inbox/${merged.from}`) {
          void navigate({ to: "/inbox/$chatId", params: { chatId: merged.to }, replace: true });
        }
      },
      onGap: () => readAll(queries),
      onSignedOut: () => void navigate({ to: "/sign-in", search: { to: location.pathname + location.search } }),
    });
  }, [queries, navigate]);
}

export function Frame() {
  const { t } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  useLive();
  useEffect(followSwitches, []);
  useEffect(resumeSending, []);
  useKeys(Object.fromEntries(usePlaces().map(({ key, to }) => [`g ${key}`, () => void navigate({ to })])));
  return (
    <div className="grid h-dvh grid-cols-[minmax(0,1fr)] grid-rows-[auto_1fr_auto] bg-surface sm:grid-cols-[auto_1fr] sm:grid-rows-[auto_1fr]">
      <a href="#page" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-card focus:bg-raised focus:p-3">
        {t("app.skip")}
      </a>
      <Rail />
      <Header />
      <main id="page" tabIndex={-1} className="flex min-h-0 min-w-0 flex-col outline-none">
        <LiveBanner />
        {me.isError ? <PageProblem error={me.error} onRetry={() => void me.refetch()} /> : <Outlet />}
      </main>
    </div>
  );
}
