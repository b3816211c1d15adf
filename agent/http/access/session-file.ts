import { chmod, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { roles } from '../tokens.ts';
import type { Session, SessionFile } from './sessions.ts';

/** Where the page's logins are kept; without it everybody logs in anew. */
export function sessionFilePath(dataDir: string): string {
  return join(dataDir, 'http-sessions.json');
}

/** The sessions of the last run; none when there is no file, and none with a warning when it cannot be used. */
export async function readSessions(dataDir: string, log: Log): Promise<Session[]> {
  const path = sessionFilePath(dataDir);
  try {
    const list: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (!Array.isArray(list) || !list.every(isSession)) throw new Error('it holds something else');
    return list;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn(`http: ${path} cannot be read, so everybody has to log in again: ${messageOf(error)}`);
    return [];
  }
}

/** Writes one after the other; a session that cannot be kept is one until the agent ends, with a warning. */
export function createSessionFile(dataDir: string, log: Log): SessionFile {
  const path = sessionFilePath(dataDir);
  let last = Promise.resolve();
  return {
    write: (sessions) => {
      last = last.then(() =>
        replace(path, JSON.stringify(sessions)).catch((error: unknown) => {
          log.warn(`http: ${path} cannot be written, so logins end with the agent: ${messageOf(error)}`);
        }),
      );
      return last;
    },
  };
}

/** Whole or not at all. The caller owns the folder. */
async function replace(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  const file = await open(next, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(next, 0o600);
  await rename(next, path);
}

function isSession(value: unknown): value is Session {
  const { digest, name, role, credential, endsMs } = (value ?? {}) as Record<string, unknown>;
  const texts = [digest, name, credential].every((text) => typeof text === 'string');
  return texts && roles.some((one) => one === role) && typeof endsMs === 'number';
}
