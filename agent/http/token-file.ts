import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';

/** Where the agent keeps the token that it made itself. */
export function tokenFilePath(dataDir: string): string {
  return join(dataDir, 'http-token');
}

/**
 * The agent's own token: read from `<dataDir>/http-token`, or made there (32 random bytes in base64url, mode 0600)
 * when the file is missing, empty or too short. A mode that lets others read is narrowed. The caller owns the data
 * directory, so nobody else makes the file at the same time.
 *
 * Throws AgentError HTTP_FAILED when the file cannot be read or made, or is a link or not a plain file.
 */
export async function readOrMakeToken(dataDir: string, log: Log): Promise<string> {
  const path = tokenFilePath(dataDir);
  let token: string;
  try {
    token = (await makeToken(path)) ?? (await readToken(path, log));
  } catch (error) {
    throw new AgentError('HTTP_FAILED', `the token file ${path} cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
  log.info(`http: no token is configured (http.auth.tokens); the token to use is in ${path}`);
  return token;
}

/** Makes the file with a fresh token; undefined when there is one already. */
async function makeToken(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
  return closing(file, writeFresh);
}

async function readToken(path: string, log: Log): Promise<string> {
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  return closing(file, () => mendToken(file, path, log));
}

async function mendToken(file: FileHandle, path: string, log: Log): Promise<string> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new Error('it is not a plain file');
  if ((stat.mode & 0o077) !== 0) {
    await file.chmod(0o600);
    log.warn(`http: others could read ${path}; now only its owner can. Delete it to have a new token made`);
  }
  const token = stat.size > 4096 ? '' : (await file.readFile('utf8')).trim();
  if (/^[\x21-\x7e]{16,}$/.test(token)) return token;
  log.warn(`http: ${path} held no usable token (16 characters or more, no spaces); a new one was made`);
  await file.truncate(0);
  return writeFresh(file);
}

async function writeFresh(file: FileHandle): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await file.write(`${token}\n`, 0);
  await file.sync();
  return token;
}

async function closing<T>(file: FileHandle, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
