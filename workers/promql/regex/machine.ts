import type { Ranges } from './classes.ts';
import { isNullable, type Node } from './node.ts';

type Instruction =
  | { readonly op: 'set'; readonly ranges: Ranges; next: number }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'save'; readonly slot: number; next: number }
  | { readonly op: 'assert'; readonly what: (Node & { kind: 'assert' })['what']; next: number }
  | { readonly op: 'match' };

/** What a pattern may be written out to; RE2 too bounds its programs. */
const maxInstructions = 50_000;

/**
 * A regular expression as a machine that goes over the text once, in time proportional to text times pattern,
 * whatever the pattern (Pike's algorithm; Russ Cox, "Regular Expression Matching: the Virtual Machine Approach").
 */
export class RegexMachine {
  readonly #program: Instruction[] = [];
  readonly #start: number;
  readonly #slots: number;

  constructor(node: Node, groups: number) {
    this.#slots = groups * 2;
    const match = this.#emit({ op: 'match' });
    this.#start = this.#compile(node, match);
  }

  /** The groups of a match of the whole text, the text itself first; undefined without one. */
  match(text: string): (string | undefined)[] | undefined {
    const points = Array.from(text, (char) => char.codePointAt(0)!);
    let threads = new ThreadList(this.#program.length);
    let next = new ThreadList(this.#program.length);
    this.#follow(threads, this.#start, new Int32Array(this.#slots).fill(-1), points, 0);
    for (let at = 0; at < points.length; at++) {
      next.clear();
      for (let index = 0; index < threads.length; index++) {
        const instruction = this.#program[threads.at(index)]!;
        if (instruction.op === 'set' && contains(instruction.ranges, points[at]!)) {
          this.#follow(next, instruction.next, threads.slots(index), points, at + 1);
        }
      }
      [threads, next] = [next, threads];
      if (threads.length === 0) return undefined;
    }
    for (let index = 0; index < threads.length; index++) {
      if (this.#program[threads.at(index)]!.op === 'match')
        return groupsOf(text, points, threads.slots(index));
    }
    return undefined;
  }

  #emit(instruction: Instruction): number {
    if (this.#program.length >= maxInstructions)
      throw new Error('error parsing regexp: expression is too large');
    return this.#program.push(instruction) - 1;
  }

  /** Compiles backwards: every part knows what follows it. */
  #compile(node: Node, next: number): number {
    switch (node.kind) {
      case 'empty':
        return next;
      case 'set':
        return this.#emit({ op: 'set', ranges: node.ranges, next });
      case 'assert':
        return this.#emit({ op: 'assert', what: node.what, next });
      case 'sequence':
        return node.parts.reduceRight((after, part) => this.#compile(part, after), next);
      case 'choice':
        return node.parts
          .map((part) => this.#compile(part, next))
          .reduceRight((second, first) => this.#emit({ op: 'split', first, second }));
      case 'group': {
        const end = this.#emit({ op: 'save', slot: node.index * 2 + 1, next });
        return this.#emit({ op: 'save', slot: node.index * 2, next: this.#compile(node.body, end) });
      }
      case 'repeat':
        return this.#compileRepeat(node, next);
    }
  }

  #compileRepeat({ body, min, max, isGreedy }: Node & { kind: 'repeat' }, next: number): number {
    let entry = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.#emit({ op: 'split', first: next, second: next });
      const inner = this.#compile(body, loop);
      this.#program[loop] = { op: 'split', first: isGreedy ? inner : next, second: isGreedy ? next : inner };
      // A body that may be empty is tried once before it is left out, so that its groups are set as in Go.
      entry = min > 0 ? inner : isNullable(body) ? this.#emit({ ...this.#program[loop] }) : loop;
    } else {
      for (let count = min; count < max; count++) {
        const inner = this.#compile(body, entry);
        entry = this.#emit({ op: 'split', first: isGreedy ? inner : next, second: isGreedy ? next : inner });
      }
    }
    const copies = max === Number.POSITIVE_INFINITY ? min - 1 : min;
    for (let count = 0; count < copies; count++) entry = this.#compile(body, entry);
    return entry;
  }

  /** Adds the threads that a place leads to without reading, those that are preferred first. */
  #follow(list: ThreadList, start: number, slots: Int32Array, points: readonly number[], at: number): void {
    const stack: [number, Int32Array][] = [[start, slots]];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const [place, own] = top;
      if (list.has(place)) continue;
      const instruction = this.#program[place]!;
      list.add(place, own);
      if (instruction.op === 'split') stack.push([instruction.second, own], [instruction.first, own]);
      else if (instruction.op === 'save') {
        const saved = own.slice();
        saved[instruction.slot] = at;
        stack.push([instruction.next, saved]);
      } else if (instruction.op === 'assert' && holds(instruction.what, points, at)) {
        stack.push([instruction.next, own]);
      }
    }
  }
}

class ThreadList {
  readonly #places: Int32Array;
  readonly #positions: Int32Array;
  readonly #slots: Int32Array[] = [];
  length = 0;

  constructor(size: number) {
    this.#places = new Int32Array(size);
    this.#positions = new Int32Array(size);
  }

  has(place: number): boolean {
    const position = this.#positions[place]!;
    return position < this.length && this.#places[position] === place;
  }

  add(place: number, slots: Int32Array): void {
    this.#positions[place] = this.length;
    this.#places[this.length] = place;
    this.#slots[this.length++] = slots;
  }

  at(index: number): number {
    return this.#places[index]!;
  }

  slots(index: number): Int32Array {
    return this.#slots[index]!;
  }

  clear(): void {
    this.length = 0;
  }
}

function contains(ranges: Ranges, point: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const [first, last] = ranges[middle]!;
    if (point < first) high = middle - 1;
    else if (point > last) low = middle + 1;
    else return true;
  }
  return false;
}

function isWord(point: number | undefined): boolean {
  return point !== undefined && point < 128 && /\w/.test(String.fromCodePoint(point));
}

function holds(what: (Node & { kind: 'assert' })['what'], points: readonly number[], at: number): boolean {
  switch (what) {
    case 'textStart':
      return at === 0;
    case 'textEnd':
      return at === points.length;
    case 'lineStart':
      return at === 0 || points[at - 1] === 10;
    case 'lineEnd':
      return at === points.length || points[at] === 10;
    default:
      return (isWord(points[at - 1]) !== isWord(points[at])) === (what === 'word');
  }
}

function groupsOf(text: string, points: readonly number[], slots: Int32Array): (string | undefined)[] {
  const groups: (string | undefined)[] = [text];
  for (let slot = 2; slot < slots.length; slot += 2) {
    const [from, to] = [slots[slot]!, slots[slot + 1]!];
    groups.push(from < 0 || to < 0 ? undefined : String.fromCodePoint(...points.slice(from, to)));
  }
  return groups;
}
