/** Lone surrogates are no Unicode text, so no name or value holds this. */
const separator = '\ud800';

/** The name and what else says what a metric is: calculations take them off their results. */
const metadataNames: ReadonlySet<string> = new Set(['__name__', '__type__', '__unit__']);

/** The labels of a series, in the order of their names; empty values are no labels. Immutable. */
export class Labels {
  static readonly none = new Labels([]);

  /** Names and values in turn. */
  readonly pairs: readonly string[];
  /** Whether the metric's name is to be taken off in the end, where its removal is delayed. */
  readonly dropsName: boolean;
  #key: string | undefined;
  #unnamed: Labels | undefined;
  #marked: Labels | undefined;

  private constructor(pairs: readonly string[], dropsName = false) {
    this.pairs = pairs;
    this.dropsName = dropsName;
  }

  static of(record: Readonly<Record<string, string>>): Labels {
    const pairs: string[] = [];
    for (const name of Object.keys(record).sort()) {
      const value = record[name]!;
      if (value !== '') pairs.push(name, value);
    }
    return new Labels(pairs);
  }

  /** One text for each set of labels. */
  get key(): string {
    this.#key ??= this.pairs.join(separator);
    return this.#key;
  }

  get(name: string): string {
    const { pairs } = this;
    for (let index = 0; index < pairs.length; index += 2) if (pairs[index] === name) return pairs[index + 1]!;
    return '';
  }

  /** Without `__name__`, `__type__` and `__unit__`. */
  get unnamed(): Labels {
    this.#unnamed ??= this.filter((name) => !metadataNames.has(name)).unmarked;
    return this.#unnamed;
  }

  /** The same labels, whose name is to be taken off in the end. */
  get marked(): Labels {
    if (this.dropsName) return this;
    this.#marked ??= new Labels(this.pairs, true);
    return this.#marked;
  }

  /** The same labels, to be kept as they are. */
  get unmarked(): Labels {
    return this.dropsName ? new Labels(this.pairs) : this;
  }

  filter(keep: (name: string) => boolean): Labels {
    const pairs: string[] = [];
    for (let index = 0; index < this.pairs.length; index += 2) {
      if (keep(this.pairs[index]!)) pairs.push(this.pairs[index]!, this.pairs[index + 1]!);
    }
    return pairs.length === this.pairs.length ? this : new Labels(pairs, this.dropsName);
  }

  /** With this label; an empty value takes it away. */
  with(name: string, value: string): Labels {
    const pairs: string[] = [];
    let isPlaced = value === '';
    for (let index = 0; index < this.pairs.length; index += 2) {
      const own = this.pairs[index]!;
      if (!isPlaced && own >= name) {
        pairs.push(name, value);
        isPlaced = true;
      }
      if (own !== name) pairs.push(own, this.pairs[index + 1]!);
    }
    if (!isPlaced) pairs.push(name, value);
    return new Labels(pairs, this.dropsName && name !== '__name__');
  }

  /** A plain object; a label named `__proto__` is a property like any other. */
  toRecord(): Record<string, string> {
    const record: Record<string, string> = {};
    for (let index = 0; index < this.pairs.length; index += 2) {
      const name = this.pairs[index]!;
      const value = this.pairs[index + 1]!;
      if (name !== '__proto__') record[name] = value;
      else
        Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true });
    }
    return record;
  }

  /** As in Go: `{a="b", c="d"}`, the name among the labels. */
  toString(): string {
    const texts: string[] = [];
    for (let index = 0; index < this.pairs.length; index += 2) {
      texts.push(`${this.pairs[index]}=${JSON.stringify(this.pairs[index + 1])}`);
    }
    return `{${texts.join(', ')}}`;
  }
}

/** The order in which Prometheus sorts series: by name and value in turn, fewer labels first. */
export function compareLabels(left: Labels, right: Labels): number {
  const a = left.pairs;
  const b = right.pairs;
  for (let index = 0; index < a.length && index < b.length; index++) {
    if (a[index] !== b[index]) return a[index]! < b[index]! ? -1 : 1;
  }
  return a.length - b.length;
}
