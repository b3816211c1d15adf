import { existsSync, readFileSync } from 'node:fs';

/** Bits of https://man7.org/linux/man-pages/man7/capabilities.7.html , as include/uapi/linux/capability.h numbers them. */
const capSysPtrace = 19n;
const capSysAdmin = 21n;

function has(bit: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1];
  return ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
}

/** Options of a test that mounts: skipped only where this user has no right to, and failing where that should work. */
export const mounting = has(capSysAdmin) ? {} : { skip: 'this user may not mount (CAP_SYS_ADMIN)' };

const scopeFile = '/proc/sys/kernel/yama/ptrace_scope';
const scope = existsSync(scopeFile) ? readFileSync(scopeFile, 'utf8').trim() : '0';

/** Options of a test that makes system calls of another process fail. */
export const tracing =
  has(capSysPtrace) || scope === '0'
    ? {}
    : { skip: 'this user may not trace (CAP_SYS_PTRACE, ptrace_scope)' };
