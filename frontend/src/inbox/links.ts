// Finds the web addresses in a text.

export interface Piece {
  text: string;
  /** Where it leads; null for plain words. */
  href: string | null;
}

// A closing mark after an address belongs to the sentence, not to the address.
const ADDRESS = /https?:\/\/[^\s<>"\u200e\u200f\u202a-\u202e]*[^\s<>"'.,;:!?)\]}\u200e\u200f\u202a-\u202e]/giu;

/** The text in pieces, in order; joined, they are the text. Only http and https lead anywhere. */
export function withLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    if (!URL.canParse(address)) continue;
    if (index > from) pieces.push({ text: text.slice(from, index), href: null });
    pieces.push({ text: address, href: address });
    from = index + address.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), href: null });
  return pieces;
}
