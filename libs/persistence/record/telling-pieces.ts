/** An index of trigrams costs as much as the most frequent of them: so many letters tell enough. */
const PIECE_LENGTH = 8;
/** One piece may be frequent; the same rows seldom have two. */
const PIECES = 2;

/** Shorter ones have no trigram. */
const WORDS = /[a-z0-9]{3,}/gi;

/**
 * The parts of a text by which an index of trigrams finds it soonest: what has
 * that text has them, and little else does. Digits tell most, then long words.
 * Looking `user12345@example.com` up by all of its trigrams takes five times as long as by those of `ser12345` and `example`.
 * @returns none where the text has no three ASCII letters or digits in a row
 */
export function tellingPieces(text: string): string[] {
  const pieces = (text.match(WORDS) ?? []).map(pieceOf);
  return pieces.sort((a, b) => digitsIn(b) - digitsIn(a) || b.length - a.length).slice(0, PIECES);
}

/** The part of a word with the most digits; of several the last, for ids and numbers that were given in turn begin alike. */
function pieceOf(word: string): string {
  let best = word.slice(-PIECE_LENGTH);
  for (let end = word.length - 1; end >= PIECE_LENGTH; end--) {
    const piece = word.slice(end - PIECE_LENGTH, end);
    if (digitsIn(piece) > digitsIn(best)) best = piece;
  }
  return best;
}

function digitsIn(text: string): number {
  return text.replace(/\D/g, '').length;
}
