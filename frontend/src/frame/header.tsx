// The header: whose business this is, how its numbers are, whether the page is live.
import { useMe } from "@/sign-in/account";
import { AccountMenu } from "./account-menu";
import { LiveDot } from "./live-dot";
import { NumbersChip } from "./numbers-chip";

export function Header() {
  const { data: me } = useMe();
  return (
    <header className="flex min-h-14 items-center gap-2 border-b border-line bg-raised ps-4 pe-2">
      <p className="min-w-0 grow truncate font-semibold">
        <bdi>{me?.business.name}</bdi>
      </p>
      <LiveDot />
      <NumbersChip />
      <AccountMenu />
    </header>
  );
}
