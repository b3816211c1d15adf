import { type Label, noLabel, type TextArena } from './text-arena.ts';

/** Labels that a table holds at most; then it begins anew. What is in use comes back by itself. */
const mostLabels = 4096;
/** Characters of the texts as they were given, in one table. */
const mostGivenChars = 131_072;
/** Of one text as given, so much is looked at. */
const mostLookedAt = 2048;
/** Partners of one key of a pair table. */
const mostPartners = 32;

type Clean = (text: string) => string;

/** Labels by the text that was given; the text is cleaned once, when it is new. */
export class LabelTable {
  readonly #labels = new Map<string, Label>();
  readonly #arena: TextArena;
  readonly #clean: Clean;
  #givenChars = 0;

  constructor(arena: TextArena, clean: Clean) {
    this.#arena = arena;
    this.#clean = clean;
  }

  /** The label of `text`; of '' none. */
  get(text: string): Label {
    if (text === '') return noLabel;
    return this.#labels.get(text) ?? this.#add(text);
  }

  forget(): void {
    this.#labels.clear();
    this.#givenChars = 0;
  }

  #add(text: string): Label {
    if (text.length > mostLookedAt) return this.get(text.slice(0, mostLookedAt));
    if (this.#labels.size >= mostLabels || this.#givenChars >= mostGivenChars) this.forget();
    const label = this.#arena.add(this.#clean(text));
    this.#labels.set(ownCopy(text), label);
    this.#givenChars += text.length;
    return label;
  }
}

/** One partner of a key, and the next one. */
interface Partner {
  readonly name: string;
  readonly label: Label;
  readonly next: Partner | null;
  /** Of this and all that follow. */
  readonly count: number;
}

/**
 * Labels of two texts, `partner NUL key` or `key NUL partner`. A lookup is one in a map, by the key, and then a
 * comparison or two: partners are few.
 */
export class PairTable {
  readonly #keys = new Map<string, Partner>();
  readonly #arena: TextArena;
  readonly #labelOf: (key: string, partner: string) => string;
  #size = 0;
  #givenChars = 0;

  /** `labelOf` makes the cleaned text of a pair. */
  constructor(arena: TextArena, labelOf: (key: string, partner: string) => string) {
    this.#arena = arena;
    this.#labelOf = labelOf;
  }

  get(key: string, name: string): Label {
    let partner = this.#keys.get(key) ?? null;
    while (partner !== null) {
      if (partner.name === name) return partner.label;
      partner = partner.next;
    }
    return this.#add(key, name);
  }

  forget(): void {
    this.#keys.clear();
    this.#size = 0;
    this.#givenChars = 0;
  }

  #add(key: string, name: string): Label {
    if (key.length > 2 * mostLookedAt) return this.get(key.slice(0, 2 * mostLookedAt), name);
    if (name.length > mostLookedAt) return this.get(key, name.slice(0, mostLookedAt));
    if (this.#size >= mostLabels || this.#givenChars >= mostGivenChars) this.forget();
    const label = this.#arena.add(this.#labelOf(key, name));
    const known = this.#keys.get(key);
    const next = known === undefined || known.count >= mostPartners ? null : known;
    this.#keys.set(ownCopy(key), { name: ownCopy(name), label, next, count: (next?.count ?? 0) + 1 });
    this.#size++;
    this.#givenChars += key.length + name.length;
    return label;
  }
}

const copier: Record<string, 0> = Object.create(null);

/**
 * The same text, but not a piece of a longer one: V8 lets a piece keep the whole alive, which here could be the
 * headers of a request for each user. The name of a property is always a text of its own.
 */
function ownCopy(text: string): string {
  copier[text] = 0;
  const [copy] = Object.keys(copier);
  delete copier[text];
  return copy!;
}
