import { regexOf } from '../promql/regex/regex.ts';

/** What a search may go over in all, so that none takes seconds. */
const maxSearched = 300_000;

/** A match: where it begins and ends in the text, and its groups, the whole match first. */
interface Match {
  readonly from: number;
  readonly to: number;
  readonly groups: readonly (string | undefined)[];
}

/**
 * Whether a text has a part that fits an expression in RE2's syntax (Go's `regexp.MatchString`).
 *
 * @throws Error for an expression that RE2 refuses
 */
export function hasMatch(pattern: string, text: string): boolean {
  return searchOf(pattern).find(text, 0) !== undefined;
}

/**
 * Replaces all parts of a text that fit an expression (Go's `Regexp.ReplaceAllString`): `$1`, `$name`, `${name}` in the
 * replacement stand for groups, `$$` for a dollar.
 *
 * @throws Error for an expression that RE2 refuses, and when the result or the work gets too large
 */
export function replaceMatches(
  pattern: string,
  replacement: string,
  text: string,
  maxLength: number,
): string {
  const search = searchOf(pattern);
  const names = regexOf(pattern).groupNames;
  let result = '';
  let end = 0;
  let searched = 0;
  for (let at = 0; at <= text.length; ) {
    searched += search.cost(text, at);
    if (searched > maxSearched) throw new Error('regular expression takes too long on this text');
    const match = search.find(text, at);
    if (match === undefined) break;
    result += text.slice(end, match.from);
    // An empty match right after another one does not count.
    if (match.to > end || match.from === 0) result += filled(replacement, match.groups, names);
    if (result.length > maxLength) throw new Error(`text is longer than ${maxLength} characters`);
    end = match.to;
    const step = (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    at = Math.max(at + step, end);
  }
  return result + text.slice(end);
}

function filled(
  replacement: string,
  groups: readonly (string | undefined)[],
  names: readonly (string | undefined)[],
): string {
  return replacement.replace(
    /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu,
    (_, dollar: string | undefined, open: string | undefined, braced: string | undefined) => {
      if (dollar !== undefined) return '$';
      const name = (open ?? braced)!;
      const isNumber = /^(?:0|[1-9]\d*)$/.test(name);
      const index = isNumber ? Number(name) : names.lastIndexOf(name);
      return groups[index] ?? '';
    },
  );
}

const maxCached = 200;
const cache = new Map<string, PatternSearch>();

function searchOf(pattern: string): PatternSearch {
  let search = cache.get(pattern);
  if (search === undefined) {
    search = new PatternSearch(pattern);
    if (cache.size >= maxCached) cache.delete(cache.keys().next().value!);
    cache.set(pattern, search);
  }
  return search;
}

/**
 * How long a text JavaScript's own search may have, by loops of the expression that do not nest: each takes the work to
 * another power of the length.
 */
const maxNativeLengths = [4096, 4096, 512, 128];

/** Finds an expression in RE2's syntax anywhere in texts. */
class PatternSearch {
  readonly #native: RegExp | undefined;
  /** JavaScript's own search is used up to this length. */
  readonly #maxNativeLength: number;
  readonly #first: string;
  readonly #further: string;

  /** @throws Error for an expression that RE2 refuses */
  constructor(pattern: string) {
    // Alone first: what is refused, and a parenthesis that would close ours, is found here.
    regexOf(pattern);
    this.#first = `((?s:.*?))((?-s:${pattern}))(?s:.*)`;
    this.#further = `((?s:.)(?s:.*?))((?-s:${pattern}))(?s:.*)`;
    const source = regexOf(`(?-s:${pattern})`).portableSource;
    this.#maxNativeLength = source === undefined ? 0 : (maxNativeLengths[loopsOf(source)] ?? 0);
    if (this.#maxNativeLength > 0) this.#native = new RegExp(source!, 'gsu');
  }

  /** Characters that a search from a place on goes over, where that is slow. */
  cost(text: string, from: number): number {
    return text.length <= this.#maxNativeLength ? 0 : text.length - from;
  }

  /** The first match at or after a place. */
  find(text: string, from: number): Match | undefined {
    if (this.#native === undefined || text.length > this.#maxNativeLength) return this.#bounded(text, from);
    this.#native.lastIndex = from;
    const match = this.#native.exec(text);
    if (match === null) return undefined;
    return { from: match.index, to: match.index + match[0].length, groups: match };
  }

  /**
   * By the machine that matches whole texts in linear time: as few characters as possible, the expression, and the rest.
   * Further on in a text it goes over that from the character before, which anchors and word boundaries look at.
   */
  #bounded(text: string, from: number): Match | undefined {
    const isLow = (code: number) => code >= 0xdc00 && code < 0xe000;
    const start = from === 0 ? 0 : from - (isLow(text.charCodeAt(from - 1)) ? 2 : 1);
    const groups = regexOf(start < from ? this.#further : this.#first).match(text.slice(start));
    if (groups === undefined) return undefined;
    const begin = start + groups[1]!.length;
    return { from: begin, to: begin + groups[2]!.length, groups: groups.slice(2) };
  }
}

/** Infinite where they may nest, or groups be repeated, which JavaScript sets in other ways than Go. */
function loopsOf(source: string): number {
  const bare = source.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
  return /\)[*+{?]/.test(bare) ? Number.POSITIVE_INFINITY : (bare.match(/[*+{]/g) ?? []).length;
}
