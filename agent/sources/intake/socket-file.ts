import { chmod, chown, link, lstat, mkdir, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';
import { groupNumber } from './group.ts';

/** Bytes of a socket's path: 108 on Linux, 104 on macOS, a closing NUL included. */
const mostPathBytes = process.platform === 'linux' ? 107 : 103;
/** Whoever listens answers a connect at once; a stopped one is a full queue. */
const answerWithinMs = 1000;
/** Longer than from looking at a left socket to removing it. */
const settleMs = 50;

/** A socket that a server listens on. */
export interface SocketFile {
  /** False when somebody removed the file or put another in its place. */
  isThere(): Promise<boolean>;
  /** Removes the file if it still is this one. */
  remove(): Promise<void>;
}

/**
 * Makes `server` listen on a Unix socket of this user: 0600 in a folder of 0700, with `group` 0660 in one of 0750. A
 * socket that nobody answers on is replaced. Rejects with words for a person when the place is not safe or not free.
 *
 * The socket is made under another name, gets its mode there and only then its own name, by a link that takes no
 * other one's place: libuv removes at close, unasked, the name it was told.
 */
export async function listenOnFile(server: Server, path: string, group?: string): Promise<SocketFile> {
  const folder = dirname(path);
  const madePath = join(folder, `.${process.pid.toString(36)}`);
  for (const long of [path, madePath]) {
    const bytes = Buffer.byteLength(long);
    if (bytes > mostPathBytes)
      throw new Error(`${long} has ${bytes} bytes; a socket's path may have ${mostPathBytes}`);
  }
  const gid = group === undefined ? undefined : await groupNumber(group);
  await makeFolder(folder, gid, group);
  await clearPlace(path);
  await removeIfThere(madePath);
  await listenPrivately(server, madePath);
  const made = await identityOf(madePath);
  try {
    if (gid !== undefined) {
      await chown(madePath, -1, gid);
      await chmod(madePath, 0o660);
    }
    await link(madePath, path);
  } catch (error) {
    server.close();
    throw isCode(error, 'EEXIST') ? taken(path) : notGiven(error, group);
  } finally {
    await removeIfThere(madePath);
  }
  const isThere = async () => (await identityOf(path)) === made;
  // Who found the left socket at the same moment may take ours for it and put its own there: the last one has the place.
  await sleep(settleMs);
  if (!(await isThere())) {
    server.close();
    throw taken(path);
  }
  return {
    isThere,
    remove: async () => {
      if (await isThere()) await removeIfThere(path);
    },
  };
}

async function makeFolder(folder: string, gid: number | undefined, group: string | undefined): Promise<void> {
  const isNew = (await lstat(folder).catch(() => undefined)) === undefined;
  if (isNew) await mkdir(folder, { recursive: true, mode: 0o700 });
  const stat = await lstat(folder);
  if (stat.isSymbolicLink()) throw new Error(`${folder} is a symbolic link; it must be the folder itself`);
  if (!stat.isDirectory()) throw new Error(`${folder} is not a folder`);
  const uid = process.getuid?.();
  if (stat.uid !== uid)
    throw new Error(`${folder} belongs to user ${stat.uid}, not to ${uid} that the agent runs as`);
  if ((stat.mode & 0o022) !== 0) {
    const mode = (stat.mode & 0o7777).toString(8);
    throw new Error(
      `${folder} can be written to by others (mode ${mode}); it must be 700, with intake.group 750`,
    );
  }
  const canEnter = (stat.mode & 0o001) !== 0 || (stat.gid === gid && (stat.mode & 0o010) !== 0);
  if (gid === undefined || canEnter) return;
  try {
    await chown(folder, -1, gid);
    await chmod(folder, 0o750);
  } catch (error) {
    throw notGiven(error, group);
  }
}

/** Sees to it that nothing has the socket's name; rejects when something else than a left socket has it. */
async function clearPlace(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  if (!stat) return;
  if (stat.isSymbolicLink())
    throw new Error(`${path} is a symbolic link; remove it or name another intake.socket`);
  if (!stat.isSocket())
    throw new Error(`${path} is not a socket; move it away or name another intake.socket`);
  const left = await identityOf(path);
  if (await isAnswered(path)) throw taken(path);
  // Another agent may have put its own there meanwhile.
  if ((await identityOf(path)) === left) await removeIfThere(path);
}

/** Of the file that has this name now; numbers of removed files are given to new ones, so birth is part of it. */
async function identityOf(path: string): Promise<string | undefined> {
  const stat = await lstat(path, { bigint: true }).catch(() => undefined);
  return stat && `${stat.dev} ${stat.ino} ${stat.birthtimeNs}`;
}

function taken(path: string): Error {
  return new Error(`another agent listens on ${path}; name another intake.socket for one of the two`);
}

function notGiven(error: unknown, group: string | undefined): Error {
  if (!isCode(error, 'EPERM')) return new Error(messageOf(error), { cause: error });
  return new Error(`the agent's user may not give a file to the group ${group}: it must be a member`, {
    cause: error,
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.setTimeout(answerWithinMs);
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(true));
    socket.once('error', (error) => settle(!isCode(error, 'ECONNREFUSED') && !isCode(error, 'ENOENT')));
  });
}

function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: Error) =>
      reject(new Error(`no socket can be made in ${dirname(path)}: ${messageOf(error)}`, { cause: error }));
    server.once('error', refused);
    // The socket is made within the call of listen: there is no moment at which others could open it.
    const umask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', refused);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error) => {
    if (!isCode(error, 'ENOENT')) throw error;
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
