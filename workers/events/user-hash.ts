/** The 64 bits of the last text hashed by `hashText`, as two unsigned words: read them before the next call. */
export const hashed = { high: 0, low: 0 };

/**
 * Hashes a text to 64 evenly spread bits, left in `hashed`: no object is made. The same text has the same bits in
 * every run, since they are in states that are kept. Two multiplicative hashes over the UTF-16 units, each ended by
 * the finalizer of MurmurHash3 (Appleby, `fmix32`) that has the other one mixed in. It resists no attacker: what
 * strangers must not predict is hashed with a key before.
 */
export function hashText(text: string): void {
  let high = 0x9e3779b9;
  let low = 0x7f4a7c15;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x85ebca6b);
    high ^= high >>> 15;
    low = Math.imul(low ^ unit, 0xc2b2ae35);
    low ^= low >>> 13;
  }
  high = mix(high ^ text.length);
  low = mix(low ^ high);
  hashed.high = mix(high ^ low) >>> 0;
  hashed.low = low >>> 0;
}

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
