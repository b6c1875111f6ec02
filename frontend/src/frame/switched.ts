// All tabs of a browser share one sign-in, and so one business: when one switches, all begin anew in it.
const KEPT = "sy-business";

/** Begins anew in the business that the cookies name now, here and in every other tab. */
export function tellSwitched(business: string): void {
  localStorage.setItem(KEPT, business);
  location.assign("/inbox");
}

function changed({ key, newValue }: StorageEvent): void {
  if (key === KEPT && newValue !== null) location.assign("/inbox");
}

/** Follows a switch made in another tab, until the answer is called. */
export function followSwitches(): () => void {
  addEventListener("storage", changed);
  return () => removeEventListener("storage", changed);
}
