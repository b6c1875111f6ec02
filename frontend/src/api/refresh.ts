// Renews the sign-in once for all tabs: the refresh token is single use, so two tabs that
// spend it at the same time would look like a thief to the server.

const STAMP = "sy-refreshed-at";
const LOCK = "sy-refresh";

let running: Promise<boolean> | null = null;

function lastRefresh(): number {
  return Number(localStorage.getItem(STAMP) ?? 0);
}

async function spend(asked: number): Promise<boolean> {
  if (lastRefresh() > asked) return true;
  const response = await fetch("/v1/auth/refresh", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ cookie: true }),
  });
  if (response.ok) localStorage.setItem(STAMP, String(Date.now()));
  return response.ok;
}

/** Marks a fresh sign-in, so that requests that failed before it are simply repeated. */
export function noteSignedIn(): void {
  localStorage.setItem(STAMP, String(Date.now()));
}

/**
 * Renews the cookies unless another tab did so after `asked` (milliseconds).
 * Resolves to whether the caller may repeat its request; rejects when the server is away.
 */
export function refresh(asked: number): Promise<boolean> {
  running ??= (async () => {
    try {
      return "locks" in navigator ? await navigator.locks.request(LOCK, () => spend(asked)) : await spend(asked);
    } finally {
      running = null;
    }
  })();
  return running;
}
