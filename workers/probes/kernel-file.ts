import { closeSync, openSync, readSync } from 'node:fs';

const newline = 0x0a;
const space = 0x20;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;

/**
 * The bytes of one kernel file at a time and a cursor over them. One serves all files of a sampler: what is read
 * is parsed at once, without making strings.
 */
export class KernelText {
  #bytes = Buffer.allocUnsafeSlow(16 * 1024);
  #length = 0;
  #at = 0;

  /**
   * Takes the file in, with the cursor at its start; grows until it fits. The kernel makes such a file whole for
   * each read from position 0; files that it gives piece by piece (mountinfo, diskstats, net/tcp) are not for this.
   * Throws what `readSync` throws: ESRCH and ENODEV when the process or cgroup is gone.
   */
  fill(fd: number): void {
    this.#at = 0;
    for (;;) {
      this.#length = readSync(fd, this.#bytes, 0, this.#bytes.length, 0);
      if (this.#length < this.#bytes.length) return;
      this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length * 2);
    }
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Moves behind `key` at the start of the first line that begins with it, looking from the start of the text. */
  seekLine(key: string): boolean {
    for (let from = 0; ; from++) {
      from = this.#bytes.indexOf(key, from, 'latin1');
      if (from < 0 || from + key.length > this.#length) return false;
      if (from === 0 || this.#bytes[from - 1] === newline) {
        this.#at = from + key.length;
        return true;
      }
    }
  }

  /** Moves behind the last `byte` of the text. */
  seekLast(byte: number): boolean {
    if (this.#length === 0) return false;
    const at = this.#bytes.lastIndexOf(byte, this.#length - 1);
    this.#at = at + 1;
    return at >= 0;
  }

  /** Moves to the start of the next line; false at the end. */
  nextLine(): boolean {
    const at = this.#bytes.indexOf(newline, this.#at);
    this.#at = at < 0 ? this.#length : Math.min(at + 1, this.#length);
    return this.#at < this.#length;
  }

  /** The byte at the cursor, which moves on; NaN at the end. */
  byte(): number {
    return this.#at < this.#length ? this.#bytes[this.#at++]! : Number.NaN;
  }

  /** Moves over `count` words of this line. */
  skipWords(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#skipSpaces();
      while (this.#at < this.#length && this.#bytes[this.#at]! > space) this.#at++;
    }
  }

  /** The decimal number that comes next on this line; NaN when there is none. */
  number(): number {
    this.#skipSpaces();
    const negative = this.#at < this.#length && this.#bytes[this.#at] === minus;
    if (negative) this.#at++;
    const start = this.#at;
    let value = this.#digits(0);
    if (this.#at === start) return Number.NaN;
    if (this.#at < this.#length && this.#bytes[this.#at] === point) {
      const fraction = ++this.#at;
      value = this.#digits(value) / 10 ** (this.#at - fraction);
    }
    return negative ? -value : value;
  }

  /** The whole text, for the rare file that is dealt with as a string. */
  toString(): string {
    return this.#bytes.toString('utf8', 0, this.#length);
  }

  #digits(start: number): number {
    let value = start;
    for (; this.#at < this.#length; this.#at++) {
      const digit = this.#bytes[this.#at]! - zero;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    return value;
  }

  #skipSpaces(): void {
    while (this.#at < this.#length && this.#isSpace(this.#bytes[this.#at]!)) this.#at++;
  }

  #isSpace(byte: number): boolean {
    return byte === space || byte === 0x09;
  }
}

/**
 * A kernel file that stays open between readings: reading it anew at position 0 costs a quarter of opening it.
 * A file that went away is closed and tried again at the next reading.
 */
export class KernelFile {
  readonly path: string;
  readonly #keepOpen: boolean;
  #fd = -1;
  #problem = '';

  constructor(path: string, keepOpen = true) {
    this.path = path;
    this.#keepOpen = keepOpen;
  }

  /** Code of what went wrong at the last reading, such as `ENOENT`; '' when it went well. */
  get problem(): string {
    return this.#problem;
  }

  /** Reads the file into `text`; false when it cannot be read, and `problem` says why. */
  read(text: KernelText): boolean {
    try {
      if (this.#fd < 0) this.#fd = openSync(this.path, 'r');
      text.fill(this.#fd);
    } catch (error) {
      this.#problem = codeOf(error);
      this.close();
      return false;
    }
    this.#problem = '';
    if (!this.#keepOpen) this.close();
    return true;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** `ENOENT` and the like of a failed system call; its message when it has no code. */
export function codeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
