// Takes a secret out of the address: read once, then no longer visible or in the history.
export function takeFromHash(name: string): string | null {
  const value = new URLSearchParams(location.hash.slice(1)).get(name);
  if (value !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return value;
}
