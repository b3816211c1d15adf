import type { CleaningBudget } from './cleaning-budget.ts';
import { type Label, noLabel, type TextArena } from './text-arena.ts';

/** Of one text as given, so much is looked at. */
const mostLookedAt = 2048;
/** Partners of one key of a pair table. */
const mostPartners = 32;
/** Bytes of a label, its place in a map and the head of its text; a partner and its text beside that. */
const labelBytes = 152;
const partnerBytes = 56;

type Clean = (text: string) => string;

/** Labels by the text that was given; the text is cleaned once, when it is new. */
export class LabelTable {
  readonly #labels = new Map<string, Label>();
  readonly #arena: TextArena;
  readonly #clean: Clean;
  readonly #budget: CleaningBudget | null;

  /** Where the budget is used up a new text has no label. */
  constructor(arena: TextArena, clean: Clean, budget: CleaningBudget | null = null) {
    this.#arena = arena;
    this.#clean = clean;
    this.#budget = budget;
  }

  /** The label of `text`; of '' none. */
  get(text: string): Label {
    if (text === '') return noLabel;
    return this.#labels.get(text) ?? this.#add(text);
  }

  forget(): void {
    this.#labels.clear();
  }

  #add(text: string): Label {
    if (text.length > mostLookedAt) return this.get(text.slice(0, mostLookedAt));
    if (this.#budget?.take() === false) return noLabel;
    const label = this.#arena.add(this.#clean(text), labelBytes + bytesOf(text));
    this.#labels.set(ownCopy(text), label);
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
  readonly #budget: CleaningBudget | null;

  /** `labelOf` makes the cleaned text of a pair. Where the budget is used up a new pair has no label. */
  constructor(
    arena: TextArena,
    labelOf: (key: string, partner: string) => string,
    budget: CleaningBudget | null = null,
  ) {
    this.#arena = arena;
    this.#labelOf = labelOf;
    this.#budget = budget;
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
  }

  #add(key: string, name: string): Label {
    if (key.length > 2 * mostLookedAt) return this.get(key.slice(0, 2 * mostLookedAt), name);
    if (name.length > mostLookedAt) return this.get(key, name.slice(0, mostLookedAt));
    if (this.#budget?.take() === false) return noLabel;
    const keptBytes = labelBytes + partnerBytes + bytesOf(key) + bytesOf(name);
    const label = this.#arena.add(this.#labelOf(key, name), keptBytes);
    const known = this.#keys.get(key);
    const next = known === undefined || known.count >= mostPartners ? null : known;
    this.#keys.set(ownCopy(key), { name: ownCopy(name), label, next, count: (next?.count ?? 0) + 1 });
    return label;
  }
}

/** V8 keeps a text with one byte a character where each fits into one, else with two. */
function bytesOf(text: string): number {
  return /[^\0-\xff]/.test(text) ? 2 * text.length : text.length;
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
