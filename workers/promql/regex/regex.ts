import { RegexMachine } from './machine.ts';
import { childNodes, isNullable, type Node } from './node.ts';
import { RegexParser } from './syntax.ts';
import { sourceOf, translated } from './translation.ts';

/** Texts above this go through the machine whatever the pattern: two loops in a row take quadratic time. */
const maxBacktrackedLength = 1000;

/** A regular expression in RE2's syntax that matches whole texts, `.` newlines too, in bounded time. */
export class Regex {
  /** The names of the groups; the first, the whole match, has none. */
  readonly groupNames: readonly (string | undefined)[];
  readonly #node: Node;
  readonly #fast: RegExp | undefined;
  #machine: RegexMachine | undefined;

  /** @throws Error in RE2's words where RE2 refuses the expression */
  constructor(source: string) {
    const parser = new RegexParser(source);
    this.#node = parser.parse();
    this.groupNames = parser.groupNames;
    if (mayBacktrack(this.#node) || hasNullableRepeat(this.#node))
      this.#machine = new RegexMachine(this.#node, this.groupNames.length);
    else this.#fast = translated(this.#node);
  }

  test(text: string): boolean {
    if (this.#fast !== undefined && text.length <= maxBacktrackedLength) return this.#fast.test(text);
    return this.#slow().match(text) !== undefined;
  }

  /** The groups of the match, the whole text first; undefined without a match. */
  match(text: string): readonly (string | undefined)[] | undefined {
    if (this.#fast !== undefined && text.length <= maxBacktrackedLength)
      return this.#fast.exec(text) ?? undefined;
    return this.#slow().match(text);
  }

  /** The same expression in what RE2 and JavaScript (with the flags `s` and `u`) have in common, if it has such a form. */
  get portableSource(): string | undefined {
    return isPortable(this.#node) ? sourceOf(this.#node) : undefined;
  }

  #slow(): RegexMachine {
    this.#machine ??= new RegexMachine(this.#node, this.groupNames.length);
    return this.#machine;
  }
}

/** Line anchors and the empty class are written differently; classes of thousands of letters are better named. */
function isPortable(node: Node): boolean {
  if (node.kind === 'assert') return node.what !== 'lineStart' && node.what !== 'lineEnd';
  if (node.kind === 'set') return node.ranges.length > 0 && node.ranges.length < 100;
  return childNodes(node).every(isPortable);
}

/** Groups of a repeated part that matches nothing are set in Go and not in JavaScript. */
function hasNullableRepeat(node: Node): boolean {
  return (node.kind === 'repeat' && isNullable(node.body)) || childNodes(node).some(hasNullableRepeat);
}

/** Whether a backtracking matcher could take more than quadratic time: nested loops, or many in a row. */
function mayBacktrack(node: Node): boolean {
  return loops(node) > 2 || hasNestedLoop(node);
}

function loops(node: Node): number {
  if (node.kind === 'repeat') return (node.max > 1 ? 1 : 0) + loops(node.body);
  const counts = childNodes(node).map(loops);
  return node.kind === 'choice' ? Math.max(...counts) : counts.reduce((sum, count) => sum + count, 0);
}

function hasNestedLoop(node: Node): boolean {
  if (node.kind === 'repeat' && node.max > 1 && isVaried(node.body)) return true;
  return childNodes(node).some(hasNestedLoop);
}

function isVaried(node: Node): boolean {
  return node.kind === 'repeat' || node.kind === 'choice' || childNodes(node).some(isVaried);
}

const maxCached = 1000;
const cache = new Map<string, Regex>();

/** Compiles an expression, or finds it among the last thousand. */
export function regexOf(source: string): Regex {
  let regex = cache.get(source);
  if (regex === undefined) {
    regex = new Regex(source);
    if (cache.size >= maxCached) cache.delete(cache.keys().next().value!);
    cache.set(source, regex);
  }
  return regex;
}
