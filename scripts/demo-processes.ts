import { type ChildProcess, spawn } from 'node:child_process';

interface Started {
  readonly name: string;
  readonly child: ChildProcess;
  readonly gone: Promise<void>;
}

interface StartOptions {
  readonly onLine?: (line: string) => void;
  /** Beside what is in ours. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How long a process may take to end when asked, before it is ended. */
const patienceMs = 6000;

/**
 * The processes of the demo. Each leads a process group of its own, so that Ctrl-C in a terminal reaches the demo
 * alone, which then ends them in order.
 */
export class DemoProcesses {
  readonly #started: Started[] = [];
  readonly #asked = new Set<ChildProcess>();
  #died!: (message: string) => void;

  /** Resolves with words when a process ends that nobody asked to. */
  readonly death = new Promise<string>((resolve) => {
    this.#died = resolve;
  });

  constructor() {
    process.on('exit', () => {
      for (const { child } of this.#started) signalGroup(child, 'SIGKILL');
    });
  }

  /** Starts `command`; its standard error is ours, its standard output is read by `onLine` or thrown away. */
  start(
    name: string,
    command: string,
    args: readonly string[],
    { onLine, env }: StartOptions = {},
  ): ChildProcess {
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', onLine ? 'pipe' : 'ignore', 'inherit'],
      env: { ...process.env, ...env },
    });
    child.stdout?.on('data', (data: Buffer) => {
      for (const line of data.toString().split('\n')) if (line) onLine?.(line);
    });
    const gone = new Promise<void>((resolve) => {
      child.once('error', (error) => {
        this.#died(`${name} cannot be started: ${error.message}`);
        resolve();
      });
      child.once('exit', (code, signal) => {
        if (!this.#asked.has(child))
          this.#died(`${name} ended by itself, with ${signal ?? `exit code ${code}`}`);
        resolve();
      });
    });
    this.#started.push({ name, child, gone });
    return child;
  }

  /** Ends all, the last started first; resolves with the names of those that had to be ended by force. */
  async end(): Promise<string[]> {
    const forced: string[] = [];
    while (this.#started.length > 0) forced.push(...(await this.endLast()));
    return forced;
  }

  /** Ends the one that was started last. */
  async endLast(): Promise<string[]> {
    const last = this.#started.pop();
    if (!last) return [];
    const { name, child, gone } = last;
    this.#asked.add(child);
    let forced = false;
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      forced = true;
      signalGroup(child, 'SIGKILL');
    }, patienceMs);
    await gone;
    clearTimeout(timer);
    signalGroup(child, 'SIGKILL');
    return forced ? [name] : [];
  }
}

/** To the process and what it started; a group that is gone is no trouble. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {}
}
