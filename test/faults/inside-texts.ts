import { randomNumbers } from '../workers/store/random.ts';

const pieces = [
  ...[
    'a',
    'B',
    '7',
    ' ',
    '/',
    '.',
    ':',
    ',',
    '=',
    '"',
    "'",
    '`',
    '\\',
    '\\\\',
    '$',
    '{',
    '}',
    '<b>',
    '&amp;',
  ],
  ...['\t', '\n', '\r', '\r\n', '\0', '\x1b[31m', '\x7f', '\u0085', '\u2028', '\u2029'],
  ...[
    '\u202e',
    '\u200f',
    '\u200d',
    '\ufeff',
    'שלום',
    'é',
    'e\u0301',
    'ß',
    '中文',
    '👩\u200d👩\u200d👧',
    '🏁',
  ],
  ...['\ud800', '\udc00', '%00', '%s', '../', '__proto__', 'constructor', 'NaN', 'null', '-1'],
];

/**
 * Texts that are no ordinary names, each different, always the same ones. None has a question mark or number sign, behind
 * which routes are cut, or what looks like a secret.
 */
export function oddTexts(count: number): string[] {
  const found = new Set([
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'other', 'unmatched', 'true', 'undefined'],
    ...['\\', 'a\\', '"', "'", ',', '=', ' a', 'a,b=c d', '\ud800', 'a\udc00b', 'a&b', '/:id/x'],
    ...['\u202eabc', 'line\nbreak', 'carriage\rreturn', 'nul\0nul', 'x'.repeat(10_000), '🏁'.repeat(3000)],
    ...[
      '\n'.repeat(300),
      `${'y'.repeat(255)}🏁`,
      `${'z'.repeat(511)}🏁`,
      '{"a":1}',
      '*',
      '$&',
      '%',
      'ſ',
      '\x7f',
    ],
  ]);
  const random = randomNumbers(11);
  const below = (limit: number) => Math.floor(random() * limit);
  while (found.size < count) {
    const text = Array.from({ length: 1 + below(8) }, () => pieces[below(pieces.length)]!).join('');
    found.add(text);
  }
  return [...found];
}

/**
 * What becomes of a name: no control characters, line separators and half characters, those that are space become one;
 * at most `chars` UTF-16 units, the last character whole.
 */
export function asCleaned(text: string, chars: number): string {
  let clean = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const isControl = code < 32 || (code >= 127 && code < 160);
    const isHalf = code >= 0xd800 && code < 0xe000;
    let next = character;
    if ((code >= 9 && code <= 13) || code === 0x2028 || code === 0x2029) next = ' ';
    else if (isControl || isHalf) next = '\ufffd';
    if (clean.length + next.length > chars) break;
    clean += next;
  }
  return clean;
}

/** At most so many bytes of UTF-8, the last character whole. */
export function cutBytes(text: string, bytes: number): string {
  let cut = '';
  let left = bytes;
  for (const character of text) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    cut += character;
  }
  return cut;
}
