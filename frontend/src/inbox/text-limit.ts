// How long a text may be, counted as the API counts: by Unicode characters.
const TEXT_MAX = 4_096;

/** How many characters a text has too many; 0 when it may be sent. */
export function charactersOver(text: string): number {
  // Fewer UTF-16 units than that cannot be too many characters: spares counting while typing.
  if (text.length <= TEXT_MAX) return 0;
  return Math.max([...text].length - TEXT_MAX, 0);
}
