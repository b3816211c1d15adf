import type { LabelSet } from '../contract/alerts.ts';

const separator = 0xff;
const encoder = new TextEncoder();

/** FNV-1a in its 64-bit form, in two halves of 32 bits; the prime is 2^40 + 0x1b3. */
class Fnv1a {
  #high = 0xcbf29ce4;
  #low = 0x84222325;

  add(text: string): void {
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        for (const byte of encoder.encode(text.slice(index))) this.addByte(byte);
        return;
      }
      this.addByte(code);
    }
  }

  addByte(byte: number): void {
    const low = (this.#low ^ byte) >>> 0;
    const product = low * 0x1b3;
    this.#low = product >>> 0;
    this.#high = (this.#high * 0x1b3 + Math.floor(product / 0x1_0000_0000) + low * 0x100) >>> 0;
  }

  get hex(): string {
    return this.#high.toString(16).padStart(8, '0') + this.#low.toString(16).padStart(8, '0');
  }

  get low(): number {
    return this.#low;
  }
}

/**
 * 16 hexadecimal digits of a set of labels, the same as Alertmanager's: FNV-1a of names and values in the order of
 * the names, each followed by 0xff (prometheus/common, model/signature.go). Empty values are no labels.
 */
export function labelsFingerprint(labels: LabelSet): string {
  const hash = new Fnv1a();
  for (const name of Object.keys(labels).sort()) {
    const value = labels[name]!;
    if (value === '') continue;
    hash.add(name);
    hash.addByte(separator);
    hash.add(value);
    hash.addByte(separator);
  }
  return hash.hex;
}

/** A number of 32 bits that is always the same for a text. */
export function textHash(text: string): number {
  const hash = new Fnv1a();
  hash.add(text);
  return hash.low;
}
