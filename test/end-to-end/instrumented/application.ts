import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../support/agent.ts';

/** A service started as a child process. */
export interface Application {
  readonly child: ChildProcess;
  /** Where it listens, when that is one port. */
  readonly url: string;
  /** What it sent when it listened. */
  readonly listening: unknown;
  /** What it wrote, and how it ended; ends it unless it ended by itself. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
  /** Resolves when it ended by itself. */
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const applications = join(import.meta.dirname, 'applications');

/** Runs a file of `applications` that sends its port, or several, when it listens; `options` go to node. */
export async function startApplication(
  file: string,
  options: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Application> {
  const child = spawn(process.execPath, [...options, join(applications, file)], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout!.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
  });
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, ...output })),
  );
  const listening = await new Promise<unknown>((resolve, reject) => {
    child.once('message', resolve);
    ended.then(({ stderr }) => reject(new Error(`ended before it listened: ${stderr}`)));
  });
  return {
    child,
    url: `http://127.0.0.1:${String(listening)}`,
    listening,
    ended,
    end: (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}
