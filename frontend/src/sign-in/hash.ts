// Takes a secret out of the address: read once, then no longer visible or in the history.
import { useEffect, useState } from "react";

function takeFromHash(name: string): string | null {
  const value = new URLSearchParams(location.hash.slice(1)).get(name);
  if (value !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return value;
}

/** The secret behind the `#`, also when a link is pasted while the page is open. */
export function useHashSecret(name: string): string | null {
  const [secret, setSecret] = useState(() => takeFromHash(name));
  useEffect(() => {
    const change = () => setSecret((old) => takeFromHash(name) ?? old);
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, [name]);
  return secret;
}
