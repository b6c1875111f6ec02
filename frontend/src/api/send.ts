// The one door to the network: adds nothing, but renews the sign-in once on 401 and
// turns every failure into a `Problem`.
import { problemOf, unreachable } from "./problem";
import { refresh } from "./refresh";

async function attempt(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw unreachable();
  }
}

async function mayRepeat(asked: number): Promise<boolean> {
  try {
    return await refresh(asked);
  } catch {
    throw unreachable();
  }
}

/** Sends a request; resolves to a success or 304, rejects with a `Problem` otherwise. */
export async function send(request: Request): Promise<Response> {
  const asked = Date.now();
  const spare = request.clone();
  let response = await attempt(request);
  const path = new URL(request.url).pathname;
  if (response.status === 401 && !path.startsWith("/v1/auth/") && (await mayRepeat(asked))) {
    response = await attempt(spare);
  }
  if (!response.ok && response.status !== 304) throw await problemOf(response);
  return response;
}
