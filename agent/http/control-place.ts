import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of a socket's path that every kernel takes: 108 on Linux and 104 on macOS, a closing NUL included. */
const maxPathBytes = 103;

export interface ControlPlace {
  readonly path: string;
  /** A folder of this user alone that the agent makes for it; null when the data directory holds the socket. */
  readonly extraFolder: string | null;
}

/**
 * Where the running agent of a data directory takes commands: `<dataDir>/control.sock`. Where that is too long for
 * a socket it is `/tmp/nova-agent-UID/HASH.sock`, from the directory's real path and owner alone: an agent started by
 * a service manager and a person's command have different environments and must come to the same place.
 *
 * Throws what `realpath` throws when there is no such directory.
 */
export async function controlPlace(dataDir: string): Promise<ControlPlace> {
  const folder = await realpath(dataDir);
  const path = join(folder, 'control.sock');
  if (Buffer.byteLength(path) <= maxPathBytes) return { path, extraFolder: null };
  const { uid } = await stat(folder);
  const extraFolder = join('/tmp', `nova-agent-${uid}`);
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 32);
  return { path: join(extraFolder, `${hash}.sock`), extraFolder };
}
