import { quoted } from './quote.ts';

const milliseconds = [
  ['y', 31_536_000_000n],
  ['w', 604_800_000n],
  ['d', 86_400_000n],
  ['h', 3_600_000n],
  ['m', 60_000n],
  ['s', 1000n],
  ['ms', 1n],
] as const;

const mostNanoseconds = 2n ** 63n;

/**
 * Seconds of a duration as Prometheus writes it: `1h30m`, `-5m`, `0`.
 *
 * @throws Error in its words
 */
export function durationSeconds(text: string): number {
  if (text.startsWith('-')) return -unsignedSeconds(text.slice(1));
  return unsignedSeconds(text);
}

function unsignedSeconds(text: string): number {
  if (text === '0') return 0;
  if (text === '') throw new Error('empty duration string');
  const invalid = new Error(`not a valid duration string: ${quoted(text)}`);
  let total = 0n;
  let last = -1;
  for (let rest = text; rest !== ''; ) {
    const match = /^(\d+)(\D+)/.exec(rest);
    if (match === null) throw invalid;
    const [part, count, unit] = match as unknown as [string, string, string];
    const index = milliseconds.findIndex(([name]) => name === unit);
    if (index < 0) throw new Error(`unknown unit ${quoted(unit)} in duration ${quoted(text)}`);
    if (index <= last) throw invalid;
    last = index;
    total += BigInt(count) * milliseconds[index]![1] * 1_000_000n;
    if (total >= mostNanoseconds) throw new Error('duration out of range');
    rest = rest.slice(part.length);
  }
  return Number(total) / 1e9;
}
