/** Code points from the first to the second, both included. */
export type Ranges = readonly (readonly [number, number])[];

export const maxCodePoint = 0x10ffff;

function chars(...pairs: string[]): Ranges {
  return pairs.map((pair) => [pair.codePointAt(0)!, pair.codePointAt(pair.length - 1)!] as const);
}

const named: Readonly<Record<string, Ranges>> = {
  d: chars('09'),
  s: [...chars('\t\n', '\f\r'), [32, 32]],
  w: chars('09', 'AZ', '_', 'az'),
  ':alnum:': chars('09', 'AZ', 'az'),
  ':alpha:': chars('AZ', 'az'),
  ':ascii:': [[0, 127]],
  ':blank:': [
    [9, 9],
    [32, 32],
  ],
  ':cntrl:': [
    [0, 31],
    [127, 127],
  ],
  ':digit:': chars('09'),
  ':graph:': chars('!~'),
  ':lower:': chars('az'),
  ':print:': chars(' ~'),
  ':punct:': chars('!/', ':@', '[`', '{~'),
  ':space:': [...chars('\t\r'), [32, 32]],
  ':upper:': chars('AZ'),
  ':word:': chars('09', 'AZ', '_', 'az'),
  ':xdigit:': chars('09', 'AF', 'af'),
};

/** `d`, `D`, `s`, `S`, `w`, `W` as after a backslash, or `:alpha:` and the like; ASCII only, as in RE2. */
export function classEscape(name: string): Ranges | undefined {
  if (!Object.hasOwn(named, name.toLowerCase())) return undefined;
  const ranges = named[name.toLowerCase()]!;
  return name === name.toLowerCase() ? ranges : complement(ranges);
}

/** Ascending, neither touching nor overlapping. */
export function normalized(ranges: Ranges): Ranges {
  const merged: [number, number][] = [];
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged;
}

export function complement(ranges: Ranges): Ranges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [low, high] of normalized(ranges)) {
    if (low > next) gaps.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= maxCodePoint) gaps.push([next, maxCodePoint]);
  return gaps;
}

const unicodeClasses = new Map<string, Ranges | undefined>();

/** A general category or script by its name; undefined when there is none. Found once by trying all code points. */
export function unicodeClass(name: string, isNegated: boolean): Ranges | undefined {
  if (!unicodeClasses.has(name)) unicodeClasses.set(name, scanned(name));
  const ranges = unicodeClasses.get(name);
  return ranges && isNegated ? complement(ranges) : ranges;
}

function scanned(name: string): Ranges | undefined {
  if (name === 'Any') return [[0, maxCodePoint]];
  const pattern = propertyPattern(name);
  if (pattern === undefined) return undefined;
  const ranges: [number, number][] = [];
  for (let point = 0; point <= maxCodePoint; point++) {
    if (!pattern.test(String.fromCodePoint(point))) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === point - 1) last[1] = point;
    else ranges.push([point, point]);
  }
  return ranges;
}

function propertyPattern(name: string): RegExp | undefined {
  for (const property of [`General_Category=${name}`, `Script=${name}`]) {
    try {
      return new RegExp(`^\\p{${property}}$`, 'u');
    } catch {
      // Not a name of this property.
    }
  }
  return undefined;
}

/** Larger ranges are taken as they are: they hold both cases of nearly all of their letters. */
const maxFoldedRange = 3000;

/** With the other case of every letter (Unicode's simple folding; U+212A and U+017F are kin of k and s). */
export function foldedRanges(ranges: Ranges): Ranges {
  const out: (readonly [number, number])[] = [...ranges];
  for (const [low, high] of ranges) {
    if (high - low > maxFoldedRange) continue;
    for (let point = low; point <= high; point++) {
      for (const other of otherCases(point)) out.push([other, other]);
    }
  }
  return out;
}

const kin: Readonly<Record<number, readonly number[]>> = {
  75: [0x212a],
  107: [0x212a],
  83: [0x17f],
  115: [0x17f],
};

function otherCases(point: number): number[] {
  const text = String.fromCodePoint(point);
  const cases = [text.toLowerCase(), text.toUpperCase(), text.toUpperCase().toLowerCase()]
    .filter((other) => Array.from(other).length === 1)
    .map((other) => other.codePointAt(0)!);
  return [...cases, ...(kin[point] ?? [])].filter((other) => other !== point);
}
