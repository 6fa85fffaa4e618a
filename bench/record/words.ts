/** Syllables of a few scripts: words of them are as varied as those of people, and none is known beforehand. */
const SCRIPTS = [
  ['ba', 'ren', 'to', 'lis', 'ka', 'mo', 'dri', 'ven', 'sul', 'po', 'gar', 'nie'],
  ['grö', 'ße', 'für', 'mäd', 'kö', 'nig', 'stra', 'üb'],
  ['при', 'вет', 'за', 'каз', 'до', 'ста', 'вка', 'то', 'вар'],
  ['東', '京', '注', '文', '配', '送', '完', '了'],
];
export const WORDS = 4_000;

/** So many different words, the same in each run. */
export function words(count = WORDS): string[] {
  const made = new Set<string>();
  for (let n = 0; made.size < count; n++) {
    // Nine in ten are of the first script.
    const syllables = SCRIPTS[n % 10 < 9 ? 0 : 1 + (Math.floor(n / 10) % (SCRIPTS.length - 1))] ?? [];
    let rest = n;
    let word = '';
    do {
      word += syllables[rest % syllables.length] ?? '';
      rest = Math.floor(rest / syllables.length);
    } while (rest > 0);
    made.add(word);
  }
  return [...made];
}
