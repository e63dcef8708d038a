/** Finds web addresses in a text, so that they can be clicked. Pure: gives pieces, makes no elements. */

import { isWebAddress } from "./protocol.ts";

export type Piece = { text: string; href?: string };

/** `http(s)://…` or `www.…`, up to white space, quotes or angle brackets. */
const ADDRESS = /\b(?:https?:\/\/|www\.)[^\s<>"'`\u0000-\u001f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;

/** Ends a sentence rather than an address. */
const TRAILING = /[.,;:!?…،؛؟。]+$/u;

/** The text in pieces, which together are the text. Only http and https become links. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const href = /^www\./iu.test(address) ? `https://${address}` : address;
    if (!isWebAddress(href)) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

/** Without what follows the address: full stops, and a bracket that was opened before it. */
function trimmed(address: string): string {
  let kept = address.replace(TRAILING, "");
  while (/[)\]]$/u.test(kept) && !balanced(kept)) kept = kept.slice(0, -1).replace(TRAILING, "");
  return kept;
}

function balanced(text: string): boolean {
  const count = (character: string): number => text.split(character).length;
  return count("(") >= count(")") && count("[") >= count("]");
}
