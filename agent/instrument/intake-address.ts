import { lstatSync } from 'node:fs';
import type { NetConnectOpts } from 'node:net';
import { dirname } from 'node:path';
import { defaultIntakeSocket } from '../../workers/contract/intake-place.ts';

/**
 * Where the agent listens: NOVA_AGENT_INTAKE_SOCKET (a path), else NOVA_AGENT_INTAKE (`host:port`), else the first of
 * `places` that is a socket of this user. Undefined where there is none that can be trusted. What cannot be read as
 * `host:port` is as good as not set: nobody here could be told.
 */
export function intakeAddress(
  env: NodeJS.ProcessEnv,
  places: readonly string[] = defaultPlaces(),
): NetConnectOpts | undefined {
  const named = env.NOVA_AGENT_INTAKE_SOCKET;
  if (named) return isTrusted(named) ? { path: named } : undefined;
  const tcp = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(env.NOVA_AGENT_INTAKE ?? '');
  const port = Number(tcp?.[3]);
  if (port > 0 && port < 65_536) return { host: tcp![1] ?? tcp![2]!, port };
  const path = places.find((place) => isTrusted(place, process.getuid?.()));
  return path === undefined ? undefined : { path };
}

/** Both, whichever is there now: a user's runtime folder comes with the first login and goes with the last logout. */
function defaultPlaces(): readonly string[] {
  const uid = process.getuid?.();
  return uid === undefined
    ? []
    : [true, false].map((hasRuntime) => defaultIntakeSocket(uid, () => hasRuntime));
}

/**
 * A socket, in a folder that nobody but its owner writes to, neither of them a symbolic link; with `uid` both of that
 * user. A socket that is named may be of another user, the agent's, but in a folder that is open to everybody it
 * could be anybody's.
 */
function isTrusted(path: string, uid?: number): boolean {
  // There are no owners to ask for.
  if (process.getuid === undefined) return true;
  try {
    const socket = lstatSync(path);
    // Last: when a socket is the last that was looked at, Node's realpathSync, and with it the search for modules of the
    // service, leaves symbolic links unresolved (lib/fs.js asks the values of the last look for pipes and sockets).
    const folder = lstatSync(dirname(path));
    if (!folder.isDirectory() || (folder.mode & 0o022) !== 0 || !socket.isSocket()) return false;
    return uid === undefined || (folder.uid === uid && socket.uid === uid);
  } catch {
    return false;
  }
}
