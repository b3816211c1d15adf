import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface PortHolder {
  readonly pid: number;
  /** Its command line, at most 80 characters. */
  readonly command: string;
}

/**
 * The process that listens on a TCP port of this host, from /proc/net/tcp{,6} and /proc/PID/fd (see proc(5)).
 * null when there is none, no /proc, or the process belongs to another user and may not be looked into.
 */
export async function findPortHolder(
  host: string,
  port: number,
  procRoot = '/proc',
): Promise<PortHolder | null> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(join(procRoot, 'net', name), 'latin1').catch(() => '')),
  );
  const sockets = new Set(tables.flatMap((table) => listeningSockets(table, host, port)));
  if (sockets.size === 0) return null;
  for (const pid of await readdir(procRoot).catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    const folder = join(procRoot, pid, 'fd');
    for (const fd of await readdir(folder).catch(() => [])) {
      const target = await readlink(join(folder, fd)).catch(() => '');
      if (sockets.has(target)) return { pid: Number(pid), command: await commandOf(join(procRoot, pid)) };
    }
  }
  return null;
}

/**
 * `socket:[inode]` of each row in state 0A (listening) whose address excludes a listener on `host`. Columns are sl,
 * local address, remote address, state …, inode as the tenth; an address is hexadecimal in the host's byte order
 * (little-endian on all that Node runs on but s390x), an IPv4 one within IPv6 ends with the IPv4 form.
 */
function listeningSockets(table: string, host: string, port: number): string[] {
  const wanted = hexAddress(host);
  const sockets: string[] = [];
  for (const row of table.split('\n')) {
    const columns = row.trim().split(/\s+/);
    const [address, hexPort] = (columns[1] ?? '').split(':');
    if (columns[3] !== '0A' || Number.parseInt(hexPort ?? '', 16) !== port) continue;
    if (wanted === null || /^0+$/.test(address!) || address!.endsWith(wanted))
      sockets.push(`socket:[${columns[9]}]`);
  }
  return sockets;
}

/** How the tables write an IPv4 address; null, for any, when it is 0.0.0.0 or not an IPv4 address. */
function hexAddress(host: string): string | null {
  const parts = host === 'localhost' ? [127, 0, 0, 1] : host.split('.').map(Number);
  if (
    parts.length !== 4 ||
    parts.some((part) => !Number.isInteger(part)) ||
    parts.every((part) => part === 0)
  ) {
    return null;
  }
  return parts
    .reverse()
    .map((part) => part.toString(16).padStart(2, '0').toUpperCase())
    .join('');
}

async function commandOf(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'cmdline'), 'utf8').catch(() => '');
  // Arguments may hold secrets: only the program is told, and the script that an interpreter was given first.
  const [program = '', script = ''] = text.split('\0');
  const command = script === '' || script.startsWith('-') ? program : `${program} ${script}`;
  return command.length > 80 ? `${command.slice(0, 79)}…` : command;
}
