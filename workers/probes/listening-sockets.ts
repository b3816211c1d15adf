import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const LISTEN = '0A';

/**
 * Inodes of the TCP sockets that listen on `port`, IPv4 and IPv6, in our network namespace. From /proc/net/tcp and
 * tcp6 (proc_pid_net(5)): local address and port in hexadecimal, state, and the inode as the tenth column.
 */
export function listeningInodes(procRoot: string, port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set<string>();
  for (const name of ['tcp', 'tcp6']) {
    let text = '';
    try {
      text = readFileSync(join(procRoot, 'net', name), 'utf8');
    } catch {
      // No IPv6, most often.
    }
    for (const line of text.split('\n')) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === LISTEN && inode !== undefined && local?.endsWith(suffix)) inodes.add(inode);
    }
  }
  return inodes;
}
