/** What is thrown when stored bytes do not hold what they should. */
export class BytesError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BytesError';
  }
}

const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** Writes numbers into bytes that grow; used again and again, so that writing makes no garbage. */
export class ByteWriter {
  bytes = new Uint8Array(4096);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** A whole number from 0 to 2^53, seven bits a byte, lowest first. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80000000) {
      this.bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      this.bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** A whole number of either sign, |value| ≤ 2^52. */
  signed(value: number): void {
    this.varint(zigzag(value));
  }

  float64(value: number): void {
    this.reserve(8);
    float[0] = value;
    this.bytes.set(floatBytes, this.length);
    this.length += 8;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** What was written, without a copy: good until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/** Reads what `ByteWriter` wrote. Throws `BytesError` at the end of the bytes. */
export class ByteReader {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get ended(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    if (this.ended) throw new BytesError('the bytes end too early');
    return this.bytes[this.at++]!;
  }

  varint(): number {
    // Nearly all numbers take one byte or two; beyond the end there is undefined, which is not below 128.
    const { bytes, at } = this;
    const first = bytes[at]!;
    if (first < 128) {
      this.at = at + 1;
      return first;
    }
    const second = bytes[at + 1]!;
    if (second < 128) {
      this.at = at + 2;
      return (first & 127) + second * 128;
    }
    return this.#longVarint();
  }

  #longVarint(): number {
    let value = 0;
    let byte = 128;
    for (let factor = 1; byte >= 128; factor *= 128) {
      byte = this.byte();
      value += (byte & 127) * factor;
    }
    if (value > Number.MAX_SAFE_INTEGER + 1) throw new BytesError('a number is out of range');
    return value;
  }

  signed(): number {
    return unzigzag(this.varint());
  }

  float64(): number {
    floatBytes.set(this.take(8));
    return float[0]!;
  }

  /** The next `count` bytes, without a copy. */
  take(count: number): Uint8Array {
    if (this.at + count > this.bytes.length) throw new BytesError('the bytes end too early');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  rest(): Uint8Array {
    return this.take(this.bytes.length - this.at);
  }
}

/** 0, −1, 1, −2 … to 0, 1, 2, 3 … */
export function zigzag(value: number): number {
  return value >= 0 ? value * 2 : value * -2 - 1;
}

export function unzigzag(value: number): number {
  if (value < 0x7fffffff) return (value >>> 1) ^ -(value & 1);
  return value % 2 === 0 ? value / 2 : (value + 1) / -2;
}
