// A phone number as a person types it.

/** The number as `+digits`, or null when it cannot be a whole one with a country code. */
export function toE164(typed: string): string | null {
  const bare = typed.replace(/[\s\-().\u200e\u200f\u2066-\u2069]/g, "").replace(/^00/, "+");
  const digits = bare.replace(/^\+/, "");
  return /^[1-9]\d{6,14}$/.test(digits) ? `+${digits}` : null;
}
