import { type ChildProcess, execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Keeps all threads of a process on one core. */
export async function pin(pid: number, core: number): Promise<void> {
  await run('taskset', ['-acp', `${core}`, `${pid}`]);
}

/** What wrk saw: 32 connections from another core, answers with 200 only. */
export interface Load {
  readonly requests: number;
  readonly perSecond: number;
}

const pacing = fileURLToPath(new URL('./paced.lua', import.meta.url));

/** `isPaced`: each connection waits 5 ms between two requests, some 5,000 a second; else as fast as it is answered. */
export async function load(
  url: string,
  seconds: number,
  token: string,
  core: number,
  isPaced = false,
): Promise<Load> {
  const script = isPaced ? ['-s', pacing] : [];
  const args = ['-t1', '-c32', `-d${seconds}s`, ...script, '-H', `Authorization: Bearer ${token}`, url];
  const { stdout } = await run('taskset', ['-c', `${core}`, 'wrk', ...args]);
  if (/Non-2xx/.test(stdout)) throw new Error(`wrk: ${stdout}`);
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)![1]);
  return { requests: number(/(\d+) requests in/), perSecond: number(/Requests\/sec:\s+([\d.]+)/) };
}

/** Of a child that preloads loop-delay.mjs: since it was last asked, in milliseconds. */
export function loopDelayP99Ms(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    const listen = (message: unknown) => {
      if (typeof (message as { p99Ms?: unknown }).p99Ms !== 'number') return;
      child.off('message', listen);
      resolve((message as { p99Ms: number }).p99Ms);
    };
    child.on('message', listen);
    child.send('delay');
  });
}
