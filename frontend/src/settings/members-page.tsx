// Members: who works in the business and as what, who is invited, and inviting somebody.
import { EllipsisVertical, MailOpen, Trash2, UserCog, UserPlus } from "lucide-react";
import { useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { Member } from "@/api/objects";
import { Avatar } from "@/parts/avatar";
import { Button, IconButton } from "@/parts/button";
import { Loaded } from "@/parts/loaded";
import { Menu, MenuItem } from "@/parts/menu";
import { Page, Rows } from "@/parts/page";
import { Denied } from "@/parts/states";
import { OnDate } from "@/parts/time";
import { useMay, useMe } from "@/sign-in/account";
import { InviteSheet } from "./invite-sheet";
import { RemoveSheet, RoleSheet } from "./member-ask";
import { isLastOwner, useMembers } from "./members";
import { SettingsTabs } from "./tabs";

const ICON = { size: 16, "aria-hidden": true } as const;

function MemberRow({ member, isSelf, isKept }: { member: Member; isSelf: boolean; isKept: boolean }) {
  const { t } = useTranslation();
  const [ask, setAsk] = useState<"role" | "remove" | null>(null);
  const invited = member.state === "invited";
  const name = member.name ?? member.email;
  const close = () => setAsk(null);
  return (
    <li data-member={member.id} className="flex min-h-16 items-center gap-3 px-4 py-2">
      <Avatar name={name} id={member.id} />
      <div className="min-w-0 grow">
        <p className="truncate font-medium">
          <bdi dir={member.name ? undefined : "ltr"}>{name}</bdi>
          {isSelf && <span className="font-normal text-soft"> {t("members.you")}</span>}
        </p>
        <p className="truncate text-sm text-soft">
          {invited ? (
            <Trans i18nKey="members.open_until" components={{ time: <OnDate at={member.expires_at ?? member.created_at} /> }} />
          ) : (
            <bdi dir="ltr">{member.email}</bdi>
          )}
        </p>
      </div>
      {invited && (
        <span className="hidden items-center gap-1.5 rounded-full bg-attention-soft px-2.5 py-0.5 text-sm font-medium text-attention sm:inline-flex">
          <MailOpen size={14} aria-hidden="true" />
          {t("members.invited")}
        </span>
      )}
      <span className="rounded-full bg-sunken px-2.5 py-0.5 text-sm">{t(`role.${member.role}`)}</span>
      {isKept ? (
        <span className="size-10 shrink-0" />
      ) : (
        <Menu
          trigger={
            <IconButton name={t("common.actions", { name })}>
              <EllipsisVertical size={20} aria-hidden="true" />
            </IconButton>
          }
        >
          {!invited && (
            <MenuItem icon={<UserCog {...ICON} />} onSelect={() => setAsk("role")}>
              {t("members.change_role")}
            </MenuItem>
          )}
          <MenuItem danger icon={<Trash2 {...ICON} />} onSelect={() => setAsk("remove")}>
            {invited ? t("members.withdraw") : t("members.remove")}
          </MenuItem>
        </Menu>
      )}
      {ask === "role" && <RoleSheet member={member} onClose={close} />}
      {ask === "remove" && <RemoveSheet member={member} onClose={close} />}
    </li>
  );
}

export function MembersPage() {
  const { t } = useTranslation();
  const { data: me } = useMe();
  const may = useMay("members:manage");
  const query = useMembers(may);
  const [inviting, setInviting] = useState(false);
  if (me && !may) return <Denied heading="h1" />;
  return (
    <Page
      title={t("members.title")}
      intro={t("members.intro")}
      tabs={<SettingsTabs />}
      action={
        <Button look="primary" onClick={() => setInviting(true)}>
          <UserPlus size={18} aria-hidden="true" />
          {t("members.invite")}
        </Button>
      }
    >
      <Loaded query={query}>
        {(members) => (
          <>
            <Rows label={t("members.title")}>
              {members.map((member) => (
                <MemberRow key={member.id} member={member} isSelf={member.id === me?.user?.id} isKept={isLastOwner(member, members)} />
              ))}
            </Rows>
            {members.length === 1 && <p className="text-soft">{t("members.alone")}</p>}
            {members.some((member) => isLastOwner(member, members)) && <p className="text-sm text-soft">{t("members.last_owner")}</p>}
          </>
        )}
      </Loaded>
      {inviting && <InviteSheet onClose={() => setInviting(false)} />}
    </Page>
  );
}
