// Numbers: a card for each, and the sheet that links one.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/parts/button";
import { Bone, PageProblem, Skeleton } from "@/parts/states";
import { useTitle } from "@/parts/title";
import { useMay } from "@/sign-in/account";
import { AddSheet } from "./add-sheet";
import { NumberCard } from "./card";
import { FirstNumber } from "./first-number";
import { LinkSheet } from "./link-sheet";
import { useSessions } from "./sessions";

function Loading() {
  return (
    <Skeleton className="grid gap-4 md:grid-cols-2 xl:grid-cols-3">
      {["a", "b", "c"].map((key) => (
        <Bone key={key} className="h-56" />
      ))}
    </Skeleton>
  );
}

export function NumbersPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { link } = useSearch({ from: "/frame/numbers" });
  const [adding, setAdding] = useState(false);
  const { data: sessions, isError, error, refetch } = useSessions();
  const mayManage = useMay("sessions:write");
  useTitle(t("numbers.title"));

  const openLink = (id: string | undefined) => void navigate({ to: "/numbers", search: { link: id } });
  const linked = sessions?.find((each) => each.id === link);

  return (
    <div className="min-h-0 grow overflow-y-auto">
      <div className="mx-auto grid max-w-6xl gap-6 p-4 sm:p-6">
        {!(sessions?.length === 0) && (
          <div className="flex flex-wrap items-center gap-4">
            <div className="grow">
              <h1 className="text-xl font-semibold">{t("numbers.title")}</h1>
              <p className="text-soft">{t("numbers.intro")}</p>
            </div>
            {sessions && mayManage && (
              <Button look="primary" onClick={() => setAdding(true)}>
                <Plus size={18} aria-hidden="true" />
                {t("numbers.add")}
              </Button>
            )}
          </div>
        )}
        {!sessions && (isError ? <PageProblem error={error} onRetry={() => void refetch()} /> : <Loading />)}
        {sessions?.length === 0 && <FirstNumber onStart={mayManage ? () => setAdding(true) : null} />}
        {sessions && sessions.length > 0 && (
          <ul className="grid gap-4 md:grid-cols-2 xl:grid-cols-3">
            {sessions.map((session) => (
              <NumberCard key={session.id} session={session} mayManage={mayManage} onLink={() => openLink(session.id)} />
            ))}
          </ul>
        )}
      </div>
      {adding && (
        <AddSheet
          onClose={() => setAdding(false)}
          onAdded={(id) => {
            setAdding(false);
            openLink(id);
          }}
        />
      )}
      {linked && mayManage && <LinkSheet key={linked.id} session={linked} onClose={() => openLink(undefined)} />}
    </div>
  );
}
