import { estimateDistinct } from './uniques-estimate.ts';
import { hashed, hashText } from './user-hash.ts';

const registers = 1024;
const mostRank = 32;

/**
 * How many distinct users an error touched, ever: a HyperLogLog (see uniques-estimate.ts) of 1,024 registers, within
 * 3.3 %, nearly exact below a hundred. Takes no memory before the first user.
 */
export class ErrorUsers {
  #ranks: Uint8Array | undefined;

  /** True when the user changed something. */
  add(user: string): boolean {
    hashText(user);
    return this.#see(hashed.high >>> 22, Math.min(Math.clz32(hashed.low) + 1, mostRank));
  }

  #see(register: number, rank: number): boolean {
    this.#ranks ??= new Uint8Array(registers);
    if (this.#ranks[register]! >= rank) return false;
    this.#ranks[register] = rank;
    return true;
  }

  estimate(): number {
    if (!this.#ranks) return 0;
    const counts = new Uint32Array(mostRank + 1);
    for (let register = 0; register < registers; register++) counts[this.#ranks[register]!]!++;
    return Math.round(estimateDistinct(counts));
  }

  /** Base64 of `distance, rank` of each register that is set, or of all ranks where that is shorter; '' of nobody. */
  encode(): string {
    if (!this.#ranks) return '';
    const pairs = Buffer.allocUnsafe(registers);
    let length = 0;
    let last = 0;
    for (let register = 0; register < registers; register++) {
      const rank = this.#ranks[register]!;
      if (rank === 0) continue;
      // A distance of more than a byte takes steps without a rank.
      for (; register - last > 255; last += 255) {
        pairs[length++] = 255;
        pairs[length++] = 0;
      }
      if (length + 2 >= registers) return Buffer.from(this.#ranks).toString('base64');
      pairs[length++] = register - last;
      pairs[length++] = rank;
      last = register;
    }
    return pairs.toString('base64', 0, length);
  }

  /** Nobody, when the text is none that `encode` gave. */
  static decode(state: string): ErrorUsers {
    const users = new ErrorUsers();
    const bytes = Buffer.from(state, 'base64');
    if (bytes.length > registers) return users;
    const step = bytes.length === registers ? 1 : 2;
    let register = 0;
    for (let i = step - 1; i < bytes.length; i += step) {
      register = step === 1 ? i : register + bytes[i - 1]!;
      const rank = bytes[i]!;
      if (register >= registers || rank > mostRank) return new ErrorUsers();
      users.#see(register, rank);
    }
    return users;
  }
}
