// The rail: only pages that exist and that this person may see. Icons alone when it is narrow, a bar below on a phone.
import { Link } from "@tanstack/react-router";
import type { LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Mark } from "@/parts/mark";
import { DOCS, type Place, isOfPlatform, usePlaces } from "./pages";

const ITEM =
  "flex min-h-12 min-w-0 flex-1 flex-col items-center justify-center gap-0.5 rounded-card px-1 text-soft transition-colors duration-100 hover:bg-sunken hover:text-ink sm:min-h-10 sm:flex-none sm:flex-row sm:px-3 lg:justify-start lg:gap-3";
const ACTIVE = "bg-accent-soft font-medium !text-accent";

function Label({ icon: Icon, text }: { icon: LucideIcon; text: string }) {
  return (
    <>
      <Icon size={20} aria-hidden="true" className="shrink-0" />
      <span className="max-w-full truncate text-[12px] sm:sr-only lg:not-sr-only lg:text-base">{text}</span>
    </>
  );
}

function PlaceLink({ place: { to, icon, word } }: { place: Place }) {
  const { t } = useTranslation();
  return (
    <Link to={to} title={t(`nav.${word}`)} className={ITEM} activeProps={{ className: ACTIVE }}>
      <Label icon={icon} text={t(`nav.${word}`)} />
    </Link>
  );
}

export function Rail() {
  const { t } = useTranslation();
  const places = usePlaces();
  const own = places.filter((place) => !isOfPlatform(place));
  const platform = places.filter(isOfPlatform);
  return (
    <nav
      aria-label={t("nav.label")}
      className="order-last flex gap-1 border-t border-line bg-raised p-1 pb-[max(0.25rem,env(safe-area-inset-bottom))] sm:order-none sm:row-span-2 sm:flex-col sm:border-t-0 sm:border-e sm:p-2 lg:w-52"
    >
      <div className="mb-2 hidden h-10 items-center gap-2 px-2 sm:flex lg:justify-start">
        <Mark size={26} />
        <span className="hidden text-lg font-semibold lg:inline">{t("app.name")}</span>
      </div>
      {own.map((place) => (
        <PlaceLink key={place.to} place={place} />
      ))}
      {platform.length > 0 && (
        <>
          <p className="mt-3 hidden border-t border-line px-3 pt-3 text-sm text-soft lg:block">{t("nav.operators")}</p>
          <span aria-hidden="true" className="mx-2 my-2 hidden border-t border-line sm:block lg:hidden" />
          {platform.map((place) => (
            <PlaceLink key={place.to} place={place} />
          ))}
        </>
      )}
      <a href={DOCS.href} title={t("nav.docs")} className={`${ITEM} ${places.length > 3 ? "hidden sm:flex" : ""} sm:mt-auto`}>
        <Label icon={DOCS.icon} text={t("nav.docs")} />
      </a>
    </nav>
  );
}
