// Who the open chat is with: beside the thread where there is room for three panes, else a sheet.
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import type { Chat } from "@/api/objects";
import { sessionName, useSessions } from "@/numbers/sessions";
import { StateChip } from "@/numbers/state-chip";
import { Avatar } from "@/parts/avatar";
import { CopyButton } from "@/parts/copy";
import { ProblemNote } from "@/parts/problem-note";
import { Bone, Skeleton } from "@/parts/states";
import { Moment, Phone } from "@/parts/time";

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid gap-0.5">
      <dt className="text-sm text-soft">{name}</dt>
      <dd className="flex min-h-8 min-w-0 items-center gap-2">{children}</dd>
    </div>
  );
}

/** What only the contact itself knows: labels, and whether this person wants no more messages. */
function More({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data, isPending, error } = api.useQuery("get", "/v1/contacts/{id}", { params: { path: { id } } });
  if (error) return <ProblemNote error={error} />;
  if (isPending) {
    return (
      <Skeleton>
        <Bone className="h-5 w-2/3" />
      </Skeleton>
    );
  }
  if (data.labels.length === 0 && !data.opted_out_at) return null;
  return (
    <dl className="grid gap-3">
      {data.labels.length > 0 && (
        <Fact name={t("contact.labels")}>
          <span className="flex flex-wrap gap-1">
            {data.labels.map((label) => (
              <bdi key={label} className="rounded-full bg-sunken px-2.5 py-0.5 text-sm">
                {label}
              </bdi>
            ))}
          </span>
        </Fact>
      )}
      {data.opted_out_at && (
        <Fact name={t("contact.opted_out")}>
          <Moment at={data.opted_out_at} />
        </Fact>
      )}
    </dl>
  );
}

export function ContactDetails({ chat, name }: { chat: Chat; name: string }) {
  const { t } = useTranslation();
  const { data: sessions } = useSessions();
  const session = sessions?.find((each) => each.id === chat.session_id);
  return (
    <div className="grid gap-5">
      <div className="grid justify-items-center gap-2 text-center">
        <Avatar name={chat.name ?? ""} id={chat.id} size="large" />
        <p className="max-w-full text-lg font-semibold break-words">
          <bdi dir={chat.name ? undefined : "ltr"}>{name}</bdi>
        </p>
      </div>
      <dl className="grid gap-3">
        {chat.phone && (
          <Fact name={t("contact.phone")}>
            <Phone value={chat.phone} />
            <CopyButton value={chat.phone} />
          </Fact>
        )}
        {chat.lid && (
          <Fact name={t("contact.lid")}>
            <bdi dir="ltr" className="truncate" title={t("contact.lid_hint")}>
              {chat.lid}
            </bdi>
            <CopyButton value={chat.lid} />
          </Fact>
        )}
        {session && (
          <Fact name={t("contact.through")}>
            <bdi className="truncate">{sessionName(session, t("numbers.unnamed"))}</bdi>
            <StateChip state={session.state} />
          </Fact>
        )}
      </dl>
      {chat.contact_id && <More id={chat.contact_id} />}
    </div>
  );
}
