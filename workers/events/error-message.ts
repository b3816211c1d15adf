/** Of a message; a service cuts at 200. */
const mostCharacters = 512;
/** A message of so many may have been cut, inside a quoted value too. */
const cutCharacters = 180;
/** What counts of a folded message: where a cut one ends depends on the length of its values. */
const keptCharacters = 120;

/**
 * Words after which quotes hold a name of the code or the schema, which tells faults apart, and not a value:
 * `Cannot read properties of undefined (reading 'id')`, `column "name" of relation "contact"`.
 */
const namingWord =
  /\b(?:reading|setting|property|properties|module|package|column|relation|table|constraint|index|field|method|function|class|model|type|option|argument|named) $/i;

const weekday = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? ';
const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}';

/** What stands for a value, with what it becomes; in this order, each on what the one before left. */
const foldings: readonly (readonly [pattern: RegExp, to: string])[] = [
  // URL
  [/\b[a-z][a-z0-9+.-]{1,20}:\/\/(?:\[[\da-f:.]{2,45}\])?[^\s'"`<>()[\]{}]*/gi, '*'],
  // e-mail address
  [/[\w.!#$%&+=^{|}~-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})*/g, '*'],
  // UUID
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, '*'],
  // date in words, either order
  [new RegExp(`\\b(?:${weekday})?(?:\\d{1,2}[ -])?${month}[ .-]\\d{1,4}\\b`, 'g'), '*'],
  // IPv6 or hardware address
  [/(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:%\w{1,16})?(?![\w:])/gi, '*'],
  // path
  [/(?<![\w.~/-])(?:(?:~|\.{1,2}|[A-Za-z]:)[\\/]|\\\\|\/)(?=[\w.@~%+*-])[\w.@~%+*:\\/-]*/g, '*'],
  // long token: base64, JWT, key
  [/(?<![\w+/=-])(?=(?:[A-Za-z_+/=-]{0,60}\d){3})[\w+/=-]{32,}/g, '*'],
  // number, and what begins with one: date, time, address, version, size with its unit, hash
  [/(?<![A-Za-z\d])[+-]?\d[\dA-Za-z]*(?:[.,:_/+-]{1,2}(?=[A-Za-z]{0,4}\d)[\dA-Za-z]+)*/g, '*'],
];

/** An error code such as P2002 or E11000, which tells faults apart. */
const codeWord = /^[A-Z]{1,5}\d{2,5}$/;

/**
 * A message without what differs from one occurrence of a fault to the next: URLs, addresses, ids, hashes, dates,
 * paths, numbers and quoted values become `*`, and a list of them one. Kept are the three digits of a `status`
 * and quotes after words such as `column` or `reading`, and backticks, which quote code. At most 120 characters.
 */
export function foldMessage(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a message may hold any
  let text = message.slice(0, mostCharacters).replace(/[\s\u0000-\u001f]+/g, ' ');
  text = foldQuotes(text);
  if (message.length >= cutCharacters) text = text.replace(/(?<!\w)["'][^"']*$/, '*');
  // A status stays by standing behind a letter.
  text = text.replace(/\b(status(?: code)?:?) (?=[1-5]\d\d\b)/gi, '$1 #s');
  for (const [pattern, to] of foldings) text = text.replace(pattern, to);
  text = text.replace(/[A-Za-z\d]{6,}/g, foldWord);
  // `*_*`, `* , *` and `[*, *]` of any length are one.
  text = text.replace(/\*(?:[\s,;|+._-]{0,3}\*)+/g, '*');
  return text.slice(0, keptCharacters).trim();
}

/** A word that looks like an id: hexadecimal, or letters and digits in turn. */
function foldWord(word: string): string {
  if (codeWord.test(word) || !/\d/.test(word)) return word;
  if (/^(?:[\da-f]+|[\dA-F]+)$/.test(word)) return '*';
  const changes = word.match(/\d(?=[A-Za-z])|[A-Za-z](?=\d)/g)?.length ?? 0;
  return word.length >= 8 && changes >= 3 ? '*' : word;
}

/** Single and double quotes with what is in them become `*`; an apostrophe inside a word does not quote. */
function foldQuotes(text: string): string {
  return text.replace(/(?<!\w)(?:'(?:[^']|'(?=\w))*'(?!\w)|"(?:[^"\\]|\\.)*")/g, (quoted, offset: number) =>
    namingWord.test(text.slice(Math.max(0, offset - 16), offset)) ? quoted : '*',
  );
}
