import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** A service that sends frames as fast as it may; see sending-service.ts. */
export interface Service {
  readonly process: ChildProcess;
  /** Events that it has made; asks the process. */
  made(): Promise<number>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

const script = fileURLToPath(new URL('./sending-service.ts', import.meta.url));

/** Starts a service that sends `events` in frames of `records` to the socket at `path` and waits for backpressure. */
export function startService(t: TestContext, path: string, events: number, records: number): Service {
  const args = ['--import', 'tsx', script, path, `${events}`, `${records}`];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const waiting: ((made: number) => void)[] = [];
  createInterface(child.stdout!).on('line', (line) => waiting.shift()?.(Number(line)));
  child.stdin!.on('error', () => {});
  return {
    process: child,
    made: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        child.stdin!.write('made\n');
      }),
    kill: async (signal) => {
      child.kill(signal);
      if (signal === 'SIGKILL') await gone;
    },
  };
}
