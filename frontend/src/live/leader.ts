// Which tab of this browser leads. Exactly one does; a tab that becomes visible takes over, because
// browsers slow down the timers of hidden ones, and a hidden leader would mend a broken line late.

const NAME = "sy-live";

/**
 * Runs `lead` in the leading tab, again whenever this tab becomes the leader, until `stop`.
 * The signal given to `lead` aborts when another tab takes over.
 */
export function leadInOneTab(stop: AbortSignal, lead: (until: AbortSignal) => Promise<void>): void {
  if (!("locks" in navigator)) {
    void lead(stop);
    return;
  }
  let leading: AbortController | null = null;
  let waiting: AbortController | null = null;

  const run = async () => {
    leading = new AbortController();
    waiting = null;
    await lead(AbortSignal.any([stop, leading.signal]));
  };
  const lose = () => {
    if (!leading) return;
    leading.abort();
    leading = null;
    if (!stop.aborted) wait();
  };
  const wait = () => {
    waiting = new AbortController();
    navigator.locks.request(NAME, { signal: AbortSignal.any([stop, waiting.signal]) }, run).catch(lose);
  };
  const take = () => {
    if (leading || stop.aborted || document.visibilityState !== "visible") return;
    waiting?.abort();
    navigator.locks.request(NAME, { steal: true }, run).catch(lose);
  };

  document.addEventListener("visibilitychange", take, { signal: stop });
  if (document.visibilityState === "visible") take();
  else wait();
}
