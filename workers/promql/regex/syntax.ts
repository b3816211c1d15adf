import {
  classEscape,
  complement,
  foldedRanges,
  maxCodePoint,
  normalized,
  type Ranges,
  unicodeClass,
} from './classes.ts';
import { type Node, repeatSize } from './node.ts';

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotAll: boolean;
  readonly ungreedy: boolean;
}

const maxRepeat = 1000;
const maxDepth = 200;
const maxLength = 10_000;

const posixClass = /^\[:(\^?)([a-z]+):\]/;

/** Parses RE2's syntax; throws an Error in its words for what it refuses. */
export class RegexParser {
  readonly #points: readonly string[];
  readonly groupNames: (string | undefined)[] = [undefined];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#points = Array.from(source);
    if (this.#points.length > maxLength)
      throw new Error(`regular expression is longer than ${maxLength} characters`);
  }

  parse(): Node {
    // Prometheus compiles all of its expressions with `s`.
    const node = this.#choice({ ignoreCase: false, multiLine: false, dotAll: true, ungreedy: false }).node;
    if (this.#at < this.#points.length) throw this.#error('unexpected )');
    if (repeatSize(node) > maxRepeat) throw this.#error('invalid repeat count');
    return node;
  }

  #error(reason: string): Error {
    return new Error(`error parsing regexp: ${reason}: \`${this.#points.join('')}\``);
  }

  #choice(flags: Flags): { node: Node } {
    if (++this.#depth > maxDepth) throw this.#error('expression nests too deeply');
    let current = flags;
    const choices: Node[] = [];
    let parts: Node[] = [];
    while (this.#at < this.#points.length && this.#points[this.#at] !== ')') {
      if (this.#points[this.#at] === '|') {
        this.#at++;
        choices.push(sequence(parts));
        parts = [];
        continue;
      }
      const changed = this.#flagGroup(current);
      if (changed !== undefined) {
        current = changed;
        continue;
      }
      const bounds = this.#bounds();
      if (bounds === undefined) {
        if (this.#rest(2) === '\\Q') parts.push(...this.#quoted(current));
        else parts.push(this.#atom(current));
        continue;
      }
      const body = parts.pop();
      if (body === undefined) throw this.#error('missing argument to repetition operator');
      parts.push(this.#repeat(body, bounds, current));
    }
    this.#depth--;
    choices.push(sequence(parts));
    return { node: choices.length === 1 ? choices[0]! : { kind: 'choice', parts: choices } };
  }

  #rest(length: number): string {
    return this.#points.slice(this.#at, this.#at + length).join('');
  }

  /** `(?i)`: flags for what follows in the same group. */
  #flagGroup(flags: Flags): Flags | undefined {
    const match = /^\(\?([imsU]*(?:-[imsU]+)?)\)/.exec(this.#rest(16));
    if (match === null) return undefined;
    this.#at += match[0].length;
    return withFlags(flags, match[1]!);
  }

  #repeat(body: Node, bounds: { min: number; max: number }, flags: Flags): Node {
    const isLazy = this.#points[this.#at] === '?';
    if (isLazy) this.#at++;
    if (this.#bounds() !== undefined) throw this.#error('invalid nested repetition operator');
    return { kind: 'repeat', body, ...bounds, isGreedy: isLazy === flags.ungreedy };
  }

  #bounds(): { min: number; max: number } | undefined {
    const next = this.#points[this.#at];
    if (next === '*' || next === '+' || next === '?') {
      this.#at++;
      return { min: next === '+' ? 1 : 0, max: next === '?' ? 1 : Number.POSITIVE_INFINITY };
    }
    if (next !== '{') return undefined;
    const match = /^\{(\d{1,8})(,?)(\d{0,8})\}/.exec(this.#rest(20));
    // What is no count is text.
    if (match === null || (match[2] === '' && match[3] !== '')) return undefined;
    this.#at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === '' ? min : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (min > maxRepeat || (max !== Number.POSITIVE_INFINITY && (max > maxRepeat || max < min))) {
      throw this.#error('invalid repeat count');
    }
    return { min, max };
  }

  #atom(flags: Flags): Node {
    const point = this.#points[this.#at++]!;
    switch (point) {
      case '(':
        return this.#group(flags);
      case '[':
        return { kind: 'set', ranges: this.#bracket(flags) };
      case '.':
        return {
          kind: 'set',
          ranges: flags.dotAll
            ? [[0, maxCodePoint]]
            : [
                [0, 9],
                [11, maxCodePoint],
              ],
        };
      case '^':
        return { kind: 'assert', what: flags.multiLine ? 'lineStart' : 'textStart' };
      case '$':
        return { kind: 'assert', what: flags.multiLine ? 'lineEnd' : 'textEnd' };
      case '\\':
        return this.#escape(flags);
      default:
        return literal(point.codePointAt(0)!, flags);
    }
  }

  #group(flags: Flags): Node {
    let inner = flags;
    let index: number | undefined;
    if (this.#points[this.#at] === '?') {
      const match = /^\?(?:P?<(\w+)>|([imsU]*(?:-[imsU]+)?):)/.exec(this.#rest(200));
      if (match === null) throw this.#error('invalid or unsupported Perl syntax');
      this.#at += match[0].length;
      if (match[1] !== undefined) {
        index = this.groupNames.push(match[1]) - 1;
      } else inner = withFlags(flags, match[2]!);
    } else index = this.groupNames.push(undefined) - 1;
    const { node } = this.#choice(inner);
    if (this.#points[this.#at++] !== ')') throw this.#error('missing closing )');
    return index === undefined ? node : { kind: 'group', body: node, index };
  }

  #escape(flags: Flags): Node {
    const next = this.#points[this.#at];
    const asserts = { A: 'textStart', z: 'textEnd', b: 'word', B: 'noWord' } as const;
    if (next === 'A' || next === 'z' || next === 'b' || next === 'B') {
      this.#at++;
      return { kind: 'assert', what: asserts[next] };
    }
    const ranges = this.#classAfterBackslash();
    return ranges ? { kind: 'set', ranges: folded(ranges, flags) } : literal(this.#escapedPoint(), flags);
  }

  /** Every character of `\Q…\E` for itself: a repetition after it is of the last one. */
  #quoted(flags: Flags): Node[] {
    this.#at += 2;
    const parts: Node[] = [];
    while (this.#at < this.#points.length && this.#rest(2) !== '\\E') {
      parts.push(literal(this.#points[this.#at++]!.codePointAt(0)!, flags));
    }
    this.#at += 2;
    return parts;
  }

  /** `\d`, `\pL`, `\p{Greek}` and the like; undefined when it is something else. */
  #classAfterBackslash(): Ranges | undefined {
    const next = this.#points[this.#at];
    const perl = next === undefined ? undefined : classEscape(next);
    if (perl !== undefined) {
      this.#at++;
      return perl;
    }
    if (next !== 'p' && next !== 'P') return undefined;
    const match = /^[pP](?:\{(\^?)(\w+)\}|(\w))/.exec(this.#rest(60));
    if (match === null) throw this.#error('invalid character class range');
    this.#at += match[0].length;
    const ranges = unicodeClass((match[2] ?? match[3])!, (next === 'P') !== (match[1] === '^'));
    if (ranges === undefined) throw this.#error(`invalid character class range \`\\${match[0]}\``);
    return ranges;
  }

  #escapedPoint(): number {
    const rest = this.#rest(12);
    const digits = /^(?:x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]+)\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))/.exec(rest);
    if (digits !== null) {
      this.#at += digits[0].length;
      const point =
        digits[3] !== undefined
          ? Number.parseInt(digits[3], 8)
          : Number.parseInt((digits[1] ?? digits[2])!, 16);
      if (point > maxCodePoint) throw this.#error('invalid escape sequence');
      return point;
    }
    const next = this.#points[this.#at++];
    if (next === undefined) throw this.#error('trailing backslash at end of expression');
    const control = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 }[next];
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(next) || next.codePointAt(0)! > 127)
      throw this.#error(`invalid escape sequence \`\\${next}\``);
    return next.codePointAt(0)!;
  }

  #bracket(flags: Flags): Ranges {
    const isNegated = this.#points[this.#at] === '^';
    if (isNegated) this.#at++;
    const ranges: (readonly [number, number])[] = [];
    for (let isFirst = true; isFirst || this.#points[this.#at] !== ']'; isFirst = false) {
      if (this.#at >= this.#points.length) throw this.#error('missing closing ]');
      const named = this.#namedClass();
      if (named !== undefined) ranges.push(...folded(named, flags));
      else ranges.push(...folded([this.#range()], flags));
    }
    this.#at++;
    return isNegated ? complement(ranges) : normalized(ranges);
  }

  #namedClass(): Ranges | undefined {
    const match = posixClass.exec(this.#rest(16));
    if (match !== null) {
      const ranges = classEscape(`:${match[2]}:`);
      if (ranges === undefined) throw this.#error(`invalid character class range \`${match[0]}\``);
      this.#at += match[0].length;
      return match[1] === '^' ? complement(ranges) : ranges;
    }
    if (this.#points[this.#at] !== '\\') return undefined;
    this.#at++;
    const ranges = this.#classAfterBackslash();
    if (ranges === undefined) this.#at--;
    return ranges;
  }

  #range(): readonly [number, number] {
    const low = this.#bracketPoint();
    if (this.#points[this.#at] !== '-' || this.#points[this.#at + 1] === ']') return [low, low];
    if (this.#at + 1 >= this.#points.length) throw this.#error('missing closing ]');
    this.#at++;
    const high = this.#bracketPoint();
    if (high < low) throw this.#error('invalid character class range');
    return [low, high];
  }

  #bracketPoint(): number {
    const point = this.#points[this.#at++]!;
    if (point !== '\\') return point.codePointAt(0)!;
    return this.#escapedPoint();
  }
}

function withFlags(flags: Flags, text: string): Flags {
  const [on, off = ''] = text.split('-') as [string, string?];
  const flag = (letter: string, before: boolean) =>
    off.includes(letter) ? false : on.includes(letter) || before;
  return {
    ignoreCase: flag('i', flags.ignoreCase),
    multiLine: flag('m', flags.multiLine),
    dotAll: flag('s', flags.dotAll),
    ungreedy: flag('U', flags.ungreedy),
  };
}

function sequence(parts: readonly Node[]): Node {
  if (parts.length === 0) return { kind: 'empty' };
  return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
}

function literal(point: number, flags: Flags): Node {
  return { kind: 'set', ranges: folded([[point, point]], flags) };
}

function folded(ranges: Ranges, flags: Flags): Ranges {
  return flags.ignoreCase ? normalized(foldedRanges(ranges)) : ranges;
}
