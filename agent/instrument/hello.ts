import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { threadId } from 'node:worker_threads';
import { frameHeader, frameKind, type Hello, wireVersion } from '../../workers/contract/wire.ts';

/**
 * The frame that a stream begins with. The process is called NOVA_AGENT_PROCESS, else as the package that the script is
 * of, else as the script.
 */
export function helloFrame(resume: number): Uint8Array {
  const script = process.argv[1] ?? '';
  const found = packageOf(dirname(script));
  const version = process.env.NOVA_APP_VERSION || found?.version || process.env.npm_package_version || '';
  const hello: Hello = {
    version: wireVersion,
    pid: process.pid,
    ppid: process.ppid,
    threadId,
    startedMs: performance.timeOrigin,
    name: (process.env.NOVA_AGENT_PROCESS || found?.name || basename(script) || 'node').slice(0, 100),
    node: process.version,
    resume,
    ...(version !== '' && { appVersion: version.slice(0, 100) }),
  };
  const text = Buffer.from(JSON.stringify(hello));
  const byteLength = frameHeader.BYTES_LENGTH + Math.ceil(text.length / 8) * 8;
  const frame = new Uint8Array(byteLength).fill(0x20, frameHeader.BYTES_LENGTH);
  frame.set(text, frameHeader.BYTES_LENGTH);
  const header = new Uint32Array(frame.buffer);
  header[frameHeader.BYTES] = byteLength;
  header[frameHeader.KIND] = frameKind.HELLO;
  return frame;
}

/** The package that a folder is of: the nearest package.json with a name. */
function packageOf(folder: string): { readonly name: string; readonly version: string } | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name?: unknown;
      version?: unknown;
    };
    if (typeof name === 'string') return { name, version: typeof version === 'string' ? version : '' };
  } catch {
    // Not there, or not to be read: the next one up may be.
  }
  const parent = dirname(folder);
  return parent === folder ? undefined : packageOf(parent);
}
