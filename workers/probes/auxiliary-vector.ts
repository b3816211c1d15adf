import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

/** What the kernel told this process about itself at its start. */
export interface KernelConstants {
  readonly pageBytes: number;
  /** Clock ticks a second in which /proc counts CPU time (USER_HZ). */
  readonly ticksPerSecond: number;
}

/** Tags of getauxval(3). */
const AT_PAGESZ = 6;
const AT_CLKTCK = 17;

const narrowArchitectures = ['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390'];

/**
 * Page size and clock ticks from the auxiliary vector: pairs of native words, tag and value, as getauxval(3)
 * reads it. Node has no sysconf. Where it cannot be read: 4096 bytes, and the 100 ticks that every architecture
 * of today has.
 */
export function kernelConstants(
  path = '/proc/self/auxv',
  architecture: string = process.arch,
): KernelConstants {
  const found = new Map<number, number>();
  try {
    const words = readFileSync(path);
    const wordBytes = narrowArchitectures.includes(architecture) ? 4 : 8;
    const word = (at: number): number => {
      const low = endianness() === 'LE' ? at : at + wordBytes - 4;
      return endianness() === 'LE' ? words.readUInt32LE(low) : words.readUInt32BE(low);
    };
    for (let at = 0; at + 2 * wordBytes <= words.length; at += 2 * wordBytes) {
      found.set(word(at), word(at + wordBytes));
    }
  } catch {
    // Not readable: the defaults hold.
  }
  return { pageBytes: found.get(AT_PAGESZ) || 4096, ticksPerSecond: found.get(AT_CLKTCK) || 100 };
}
