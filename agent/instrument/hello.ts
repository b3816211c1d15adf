import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { threadId } from 'node:worker_threads';
import { frameHeader, frameKind, type Hello, wireVersion } from '../../workers/contract/wire.ts';

/** The frame that a stream begins with. */
export function helloFrame(resume: number): Uint8Array {
  const hello: Hello = {
    version: wireVersion,
    pid: process.pid,
    ppid: process.ppid,
    threadId,
    startedMs: performance.timeOrigin,
    name: processName().slice(0, 100),
    node: process.version,
    resume,
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

/** NOVA_AGENT_PROCESS, else the name of the package that the script is of, else the script's. */
function processName(): string {
  const script = process.argv[1] ?? '';
  return process.env.NOVA_AGENT_PROCESS || packageName(dirname(script)) || basename(script) || 'node';
}

function packageName(folder: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
    if (typeof name === 'string') return name;
  } catch {
    // Not there, or not to be read: the next one up may be.
  }
  const parent = dirname(folder);
  return parent === folder ? undefined : packageName(parent);
}
