// The first message by the API, ready to copy.
import { Link, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSessions } from "@/numbers/sessions";
import { CodeBlock } from "@/parts/copy";
import { Panel } from "@/parts/page";
import { LANGUAGES, sample } from "./samples";

const NAMES = { curl: "curl", python: "Python", javascript: "JavaScript" } as const;

export function QuickStart() {
  const { t } = useTranslation();
  const { code = "curl" } = useSearch({ from: "/frame/developers" });
  const { data: sessions } = useSessions();
  const session = sessions?.find((each) => each.state === "connected") ?? sessions?.[0];
  const shown = sample(code, { origin: location.origin, session: session?.id ?? "ses_…" });
  return (
    <Panel title={t("quick.title")} intro={t("quick.intro")}>
      <nav aria-label={t("quick.languages")} className="flex gap-1">
        {LANGUAGES.map((each) => (
          <Link
            key={each}
            to="/developers"
            search={{ code: each }}
            replace
            aria-current={each === code ? "true" : undefined}
            className={`flex min-h-8 items-center rounded-full border px-3 text-sm ${each === code ? "border-accent bg-accent-soft font-medium text-accent" : "border-line text-soft hover:bg-sunken"}`}
          >
            <bdi dir="ltr">{NAMES[each]}</bdi>
          </Link>
        ))}
      </nav>
      <CodeBlock label={t("quick.code", { language: NAMES[code] })} code={shown} />
      <p className="text-soft">
        {t("quick.more")}{" "}
        <a href="/docs" className="font-medium text-accent underline">
          {t("docs.title")}
        </a>
      </p>
    </Panel>
  );
}
