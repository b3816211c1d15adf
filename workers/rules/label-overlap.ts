import { Labels } from '../promql/index.ts';

const separator = '\ud800';

/** Some sets of labels, to be asked whether one of them has the same value wherever both have a label. */
export class LabelOverlap {
  readonly #byNames = new Map<string, { readonly names: readonly string[]; readonly sets: Labels[] }>();
  readonly #values = new Map<string, ReadonlySet<string>>();

  constructor(all: Iterable<Labels>) {
    for (const labels of all) {
      const names = labels.pairs.filter((_, index) => index % 2 === 0 && labels.pairs[index] !== '__name__');
      const key = names.join(separator);
      const alike = this.#byNames.get(key);
      if (alike) alike.sets.push(labels);
      else this.#byNames.set(key, { names, sets: [labels] });
    }
  }

  /** Labels named in `except` are not looked at. */
  fits(record: Readonly<Record<string, string>>, except: ReadonlySet<string>): boolean {
    const own = Labels.of(record);
    for (const [key, { names, sets }] of this.#byNames) {
      const shared = names.filter((name) => !except.has(name) && own.get(name) !== '');
      if (this.#valuesOf(`${key}\ud801${shared.join(separator)}`, sets, shared).has(valuesOf(own, shared)))
        return true;
    }
    return false;
  }

  #valuesOf(key: string, sets: readonly Labels[], shared: readonly string[]): ReadonlySet<string> {
    let values = this.#values.get(key);
    if (values === undefined) {
      values = new Set(sets.map((labels) => valuesOf(labels, shared)));
      this.#values.set(key, values);
    }
    return values;
  }
}

function valuesOf(labels: Labels, names: readonly string[]): string {
  return names.map((name) => labels.get(name)).join(separator);
}
