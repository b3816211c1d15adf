import { RegexMachine } from './machine.ts';
import { type Node, RegexParser } from './syntax.ts';
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
    if (mayBacktrack(this.#node)) this.#machine = new RegexMachine(this.#node, this.groupNames.length);
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

  /** The same expression in what RE2 and JavaScript (with the flags `s` and `u`) have in common. */
  get portableSource(): string {
    return sourceOf(this.#node);
  }

  #slow(): RegexMachine {
    this.#machine ??= new RegexMachine(this.#node, this.groupNames.length);
    return this.#machine;
  }
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

function childNodes(node: Node): readonly Node[] {
  if (node.kind === 'sequence' || node.kind === 'choice') return node.parts;
  return node.kind === 'group' || node.kind === 'repeat' ? [node.body] : [];
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
