import type { Path } from './option-tree.ts';
import { pathText } from './option-tree.ts';

/** Where something was written. `rank`: what a command line says wins over the environment, that over a file. */
export interface Place {
  /** `config/agent.yml:12:5`, `NOVA_AGENT_HTTP_PORT` or `--http` */
  readonly text: string;
  readonly rank: 'file' | 'environment' | 'flag';
  /** Order within the rank. */
  readonly offset: number;
}

export interface Origin {
  /** Where the value is. */
  readonly place: Place;
  /** Where its key is. */
  readonly keyPlace: Place;
  /** Folder that relative paths in the value start from. */
  readonly folder: string;
  /** Text in place of the value in messages: it came from a variable or a secret file. */
  readonly shown?: string;
  /** A number as the file has it, where it reads otherwise: `007`, `1.10`, or more digits than a number holds. */
  readonly written?: string;
  /** The value is text only because its carrier knows nothing else: it may become a number or true or false. */
  readonly loose?: boolean;
}

export interface Problem {
  readonly place: Place;
  readonly path: string;
  readonly message: string;
}

type Container = Record<string | number, unknown>;

/** A configuration on its way to being checked: values, where each came from, and what is wrong so far. */
export class Draft {
  value: unknown = {};
  readonly problems: Problem[] = [];
  readonly notices: string[] = [];
  readonly #origins = new Map<string, Origin>();
  readonly #failed = new Set<string>();
  readonly #nowhere: Origin;

  constructor(nowhere: Origin) {
    this.#nowhere = nowhere;
  }

  get(path: Path): unknown {
    let value = this.value;
    for (const key of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Container)[key];
    }
    return value;
  }

  /**
   * Sets a value; what is not there yet on the way to it, or is `false` or empty, becomes a map or list. Where
   * something else stands in the way nothing is set: that is a problem of its own.
   */
  set(path: Path, value: unknown, origin: Origin): void {
    const top: Container = { '': this.value };
    const keys = ['', ...path];
    let parent = top;
    for (const [i, key] of keys.slice(0, -1).entries()) {
      const wantsList = typeof keys[i + 1] === 'number';
      const child = parent[key];
      if (child === undefined || child === null || child === false) parent[key] = wantsList ? [] : {};
      else if (typeof child !== 'object' || Array.isArray(child) !== wantsList) return;
      parent = parent[key] as Container;
    }
    parent[keys.at(-1)!] = value;
    this.value = top[''];
    this.place(path, origin);
  }

  remove(path: Path): void {
    const parent = this.get(path.slice(0, -1));
    if (typeof parent === 'object' && parent !== null) delete (parent as Container)[path.at(-1)!];
  }

  /** Says where the value at `path` came from. */
  place(path: Path, origin: Origin): void {
    this.#origins.set(JSON.stringify(path), origin);
  }

  /** Where the value at `path` came from, or else what holds it. */
  origin(path: Path): Origin {
    for (let length = path.length; length >= 0; length--) {
      const origin = this.#origins.get(JSON.stringify(path.slice(0, length)));
      if (origin) return origin;
    }
    return this.#nowhere;
  }

  /** Notes a problem of the value (or of its key). */
  refuse(path: Path, message: string, at: 'place' | 'keyPlace' = 'place'): void {
    this.problems.push({ place: this.origin(path)[at], path: pathText(path), message });
  }

  /** Notes a problem and that nothing more need be said about the value. */
  fail(path: Path, message: string): void {
    this.refuse(path, message);
    this.giveUp(path);
  }

  giveUp(path: Path): void {
    this.#failed.add(JSON.stringify(path));
  }

  /** True when the value at `path`, or one that holds it, was given up. */
  gaveUp(path: Path): boolean {
    return path.some((_, i) => this.#failed.has(JSON.stringify(path.slice(0, i + 1))));
  }
}

const ranks = ['file', 'environment', 'flag'];
const mostProblems = 50;
const mostLetters = 800;

/** One problem a line, in the order of their places: `PLACE: KEY: MESSAGE`. */
export function problemsText(problems: readonly Problem[]): string {
  const order = ({ place }: Problem): [number, number] => [ranks.indexOf(place.rank), place.offset];
  const sorted = [...problems].sort((a, b) => {
    const [rankA, offsetA] = order(a);
    const [rankB, offsetB] = order(b);
    return rankA - rankB || offsetA - offsetB;
  });
  const lines = [...new Set(sorted.map(lineOf))];
  const more = lines.length - mostProblems;
  if (more > 0) lines.splice(mostProblems, more, `… and ${more} more`);
  return lines.join('\n');
}

/** What the file holds is quoted: no control characters to a terminal, and no line without end. */
function lineOf({ place, path, message }: Problem): string {
  const line = `${place.text}: ${path && `${path}: `}${message}`.replaceAll(/\p{Cc}/gu, '\uFFFD');
  return line.length > mostLetters ? `${line.slice(0, mostLetters)}…` : line;
}
