// Where to go after sign-in: only to a page of our own, never to another site.
export function safeReturn(to: string | undefined): string {
  if (!to?.startsWith("/") || /^\/[/\\]/.test(to) || to.startsWith("/sign-in")) return "/inbox";
  return to;
}
