// The header: whose business this is, the search, how its numbers are, whether the page is live, and what is one's own.
import { BESIDE, useMedia } from "@/look/media";
import { AccountMenu } from "./account-menu";
import { BusinessSwitch } from "./business-switch";
import { ChoiceButtons } from "./choices";
import { LiveDot } from "./live-dot";
import { NumbersChip } from "./numbers-chip";
import { PaletteButton } from "./palette-button";

export function Header() {
  const roomy = useMedia(BESIDE);
  return (
    <header className="flex min-h-14 min-w-0 items-center gap-1 border-b border-line bg-raised ps-4 pe-2">
      <BusinessSwitch />
      <div className="flex min-w-0 grow justify-end px-1 md:justify-center">
        <PaletteButton />
      </div>
      <LiveDot />
      <NumbersChip />
      {roomy && <ChoiceButtons />}
      <AccountMenu />
    </header>
  );
}
