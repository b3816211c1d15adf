import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { AgentError, messageOf } from '../errors.ts';
import { type ConfigFile, documentLimits } from './document.ts';
import type { Overrides } from './flags.ts';
import type { Environment } from './interpolation.ts';
import { resolveConfig } from './resolve.ts';
import type { Config } from './schema.ts';
import type { FileText } from './secrets.ts';

/** Where the file is when nobody says: the first that is there. */
const defaultPaths = ['config/agent.yml', '/etc/nova-agent/agent.yml'];

export interface LoadRequest {
  /** The file as the command line names it; else `NOVA_AGENT_CONFIG` or the first default that is there. */
  readonly path?: string | undefined;
  readonly env: Environment;
  readonly overrides: Overrides;
  /** Working folder. */
  readonly cwd: string;
}

export interface LoadedConfig {
  /** Frozen, through and through. */
  readonly config: Config;
  /** What the operator should know though nothing is wrong. */
  readonly notices: readonly string[];
  /** Every file that was read, absolute: those to watch. The configuration file, if any, is the first. */
  readonly files: readonly string[];
}

/**
 * Finds, reads and checks the configuration. No file is needed unless one is named. Touches no network.
 * Throws `CONFIG_INVALID`; its message has all problems, one a line, each with its place.
 */
export async function loadConfig({ path, env, overrides, cwd }: LoadRequest): Promise<LoadedConfig> {
  const file = await findFile(path ?? (env.NOVA_AGENT_CONFIG || undefined), cwd);
  const surroundings = { environment: env, hostname: hostname(), home: env.HOME || homedir(), folder: cwd };
  const { config, notices, secretFiles } = await resolveConfig(
    file,
    overrides,
    surroundings,
    readRegularFile,
  );
  const files = [...new Set([...(file ? [resolve(cwd, file.name)] : []), ...secretFiles])];
  return { config, notices, files };
}

async function findFile(named: string | undefined, cwd: string): Promise<ConfigFile | null> {
  for (const name of named === undefined ? defaultPaths : [named]) {
    const path = resolve(cwd, name);
    try {
      const { bytes } = await readRegularFile(path, documentLimits.bytes);
      return { name, folder: dirname(path), bytes };
    } catch (error) {
      if (named === undefined && (error as { cause?: { code?: unknown } }).cause?.code === 'ENOENT') continue;
      throw new AgentError('CONFIG_INVALID', `${name}:1:1: cannot read this file: ${messageOf(error)}`);
    }
  }
  return null;
}

const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  ELOOP: 'its symbolic links go round in a circle',
};

/**
 * Reads a regular file of at most `mostBytes`. Never waits for a pipe or device. Rejects with why it cannot, in
 * words, and the system's error as the cause.
 */
export async function readRegularFile(path: string, mostBytes: number): Promise<FileText> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error(`it is ${stat.isDirectory() ? 'a folder' : 'not a regular file'}`);
    const buffer = Buffer.alloc(Math.min(stat.size, mostBytes) + 1);
    let length = 0;
    for (let read = 1; read > 0 && length < buffer.length; length += read)
      ({ bytesRead: read } = await handle.read(buffer, length, buffer.length - length));
    if (stat.size > mostBytes || length > mostBytes)
      throw new Error(`it has ${Math.max(stat.size, length)} bytes; at most ${mostBytes} are taken`);
    return { bytes: buffer.subarray(0, length), mode: stat.mode };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw code === undefined ? cause : new Error(words[code] ?? message, { cause });
  } finally {
    await handle?.close();
  }
}
