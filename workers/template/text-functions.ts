import { canBackquote, quoted } from './quote.ts';
import { hasMatch, replaceMatches } from './regex-search.ts';
import { type Callable, Named, type TypeInfo } from './value.ts';

/** Text that is HTML already, and one that is a URL to be trusted (html/template). */
export const htmlType: TypeInfo = { name: 'template.HTML' };
export const urlType: TypeInfo = { name: 'template.URL' };

const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

/** The first letter of each word large, the others small or, with `isRestKept`, as they are (golang.org/x/text/cases). */
export function titled(text: string, isRestKept: boolean): string {
  let result = '';
  for (const { segment } of segmenter.segment(text)) {
    const first = /\p{Cased}/u.exec(segment);
    if (first === null) {
      result += segment;
      continue;
    }
    const rest = segment.slice(first.index + first[0].length);
    const letter = first[0] === 'ß' ? 'Ss' : first[0].toUpperCase();
    result += segment.slice(0, first.index) + letter + (isRestKept ? rest : rest.toLowerCase());
  }
  return result;
}

/** Go names the expression where the program would end for it. */
function replaced(pattern: string, replacement: string, text: string, maxLength: number): string {
  try {
    return replaceMatches(pattern, replacement, text, maxLength);
  } catch (error) {
    const { message } = error as Error;
    if (!message.startsWith('error parsing regexp')) throw error;
    throw new Error(
      `regexp: Compile(${canBackquote(pattern) ? `\`${pattern}\`` : quoted(pattern)}): ${message}`,
    );
  }
}

/** One character for each, as in Go: ß stays. */
function upper(text: string): string {
  return text.replace(/\p{Cased}/gu, (char) => (one(char.toUpperCase()) ? char.toUpperCase() : char));
}

function lower(text: string): string {
  return text.replace(/\p{Cased}/gu, (char) =>
    one(char.toLowerCase()) ? char.toLowerCase() : char[0] === 'İ' ? 'i' : char,
  );
}

function one(text: string): boolean {
  return text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff);
}

/** Functions on texts that templates of rules and of notifications have. */
export function textFunctions(maxTextLength: number): [string, Callable][] {
  return [
    ['toUpper', { takes: ['string'], call: upper }],
    ['toLower', { takes: ['string'], call: lower }],
    ['match', { takes: ['string', 'string'], call: hasMatch }],
    [
      'reReplaceAll',
      {
        takes: ['string', 'string', 'string'],
        call: (pattern: string, replacement: string, text: string) =>
          replaced(pattern, replacement, text, maxTextLength),
      },
    ],
    ['safeHtml', { takes: ['string'], call: (text: string) => new Named(htmlType, text) }],
  ];
}
