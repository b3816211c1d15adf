import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

/** The one of `names` that `word` was most likely meant to be; undefined when none is near. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_ ]/g, '');
  const most = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = most + 1;
  for (const name of names) {
    const distance = plain(name) === plain(word) ? 0 : editDistance(plain(word), plain(name), bestDistance);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * Letters to add, leave out, change or swap with their neighbour to make one word of the other (optimal string
 * alignment), or `enough` as soon as it is that many.
 */
function editDistance(a: string, b: string, enough: number): number {
  if (Math.abs(a.length - b.length) >= enough) return enough;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let distance = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        distance = Math.min(distance, beforeLast[j - 2]! + 1);
      row.push(distance);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}

const durationWords: readonly [RegExp, string][] = [
  [/^(ms|msecs?|millis|milliseconds?)$/, 'ms'],
  [/^(s|secs?|seconds?)$/, 's'],
  [/^(m|mins?|minutes?)$/, 'm'],
  [/^(h|hrs?|hours?)$/, 'h'],
  [/^(d|days?)$/, 'd'],
  [/^(w|weeks?)$/, 'w'],
  [/^(y|yrs?|years?)$/, 'y'],
];

/** `2sec` → `2s`, `10mb` → `10MB`, 5 → `5s`, 2000 → `2s`; undefined when it is nothing like it. */
export function nearestQuantity(
  kind: 'duration' | 'size',
  value: unknown,
  range: { from?: string | undefined; to?: string | undefined },
): string | undefined {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)$/.exec(String(value).trim());
  if (!match) return undefined;
  const [, number, unit] = match;
  const guess = kind === 'duration' ? durationGuess(number!, unit!) : sizeGuess(number!, unit!);
  const parse = kind === 'duration' ? parseDuration : parseSize;
  const amount = guess === undefined ? undefined : parse(guess);
  if (amount === undefined) return undefined;
  const least = parse(range.from ?? '') ?? amount;
  const most = parse(range.to ?? '') ?? amount;
  return amount >= least && amount <= most ? guess : undefined;
}

function durationGuess(number: string, unit: string): string | undefined {
  if (unit === '') return Number(number) >= 1000 ? formatDuration(Number(number)) : `${number}s`;
  const word = durationWords.find(([pattern]) => pattern.test(unit.toLowerCase()));
  return word && `${number}${word[1]}`;
}

function sizeGuess(number: string, unit: string): string | undefined {
  if (unit === '') return formatSize(Number(number));
  const letter = /^([kmgt]?)i?b?(?:ytes?)?$/i.exec(unit)?.[1];
  return letter === undefined ? undefined : `${number}${letter.toUpperCase()}B`;
}
