// The keys: what each is called and may do, when it was last used, and revoking it.
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import type { ApiKey } from "@/api/objects";
import { Button } from "@/parts/button";
import { Confirm } from "@/parts/confirm";
import { Loaded } from "@/parts/loaded";
import { More } from "@/parts/more";
import { Rows } from "@/parts/page";
import { Blank } from "@/parts/states";
import { Moment, OnDate } from "@/parts/time";
import { say } from "@/parts/toast";
import { SCOPES, scopeWord, useKeys, useRevokeKey } from "./keys";

function Dates({ apiKey }: { apiKey: ApiKey }) {
  const { t } = useTranslation();
  return (
    <p className="flex flex-wrap gap-x-4 text-sm text-soft">
      <span>
        <Trans i18nKey="keys_page.made_at" components={{ time: <Moment at={apiKey.created_at} /> }} />
      </span>
      <span>{apiKey.last_used_at ? <Trans i18nKey="keys_page.used_at" components={{ time: <Moment at={apiKey.last_used_at} /> }} /> : t("keys_page.unused")}</span>
      {apiKey.expires_at && (
        <span>
          <Trans i18nKey="keys_page.ends_at" components={{ time: <OnDate at={apiKey.expires_at} /> }} />
        </span>
      )}
    </p>
  );
}

function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  const revoke = useRevokeKey();
  const may = SCOPES.filter((scope) => apiKey.scopes.includes(scope)).map((scope) => t(`scope.${scopeWord(scope)}`));
  return (
    <li data-key={apiKey.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <div className="grid min-w-0 flex-1 basis-64 gap-1">
        <p className="flex min-w-0 items-baseline gap-2">
          <bdi className="truncate font-medium">{apiKey.name}</bdi>
          <bdi dir="ltr" className="shrink-0 font-mono text-sm text-soft">
            sk_…{apiKey.hint}
          </bdi>
        </p>
        <p>{may.join(" · ")}</p>
        <Dates apiKey={apiKey} />
      </div>
      <Button small onClick={() => setAsked(true)} aria-label={t("keys_page.revoke_named", { name: apiKey.name })}>
        {t("keys_page.revoke")}
      </Button>
      {asked && (
        <Confirm
          title={t("keys_page.revoke_title", { name: apiKey.name })}
          body={t("keys_page.revoke_body")}
          action={t("keys_page.revoke")}
          dangerous
          busy={revoke.isPending}
          error={revoke.error}
          onConfirm={() =>
            revoke.mutate(apiKey.id, {
              onSuccess: () => {
                say(t("keys_page.revoked"));
                setAsked(false);
              },
            })
          }
          onClose={() => setAsked(false)}
        />
      )}
    </li>
  );
}

export function KeyList() {
  const { t } = useTranslation();
  const query = useKeys(true);
  return (
    <Loaded query={query}>
      {(keys) =>
        keys.length === 0 ? (
          <Blank icon={KeyRound} title={t("keys_page.empty_title")}>
            {t("keys_page.empty")}
          </Blank>
        ) : (
          <>
            <Rows label={t("keys_page.title")}>
              {keys.map((key) => (
                <KeyRow key={key.id} apiKey={key} />
              ))}
            </Rows>
            <More query={query} />
          </>
        )
      }
    </Loaded>
  );
}
