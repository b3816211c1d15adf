import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A Node process of the tests; ends by itself after a minute should the test be killed. */
export class LiveProcess {
  readonly child: ChildProcess;
  readonly #lines: string[] = [];
  #waiting: ((line: string) => void) | undefined;

  constructor(code: string) {
    const bounded = `setTimeout(() => process.exit(), 60000); process.stdin.resume();${code}`;
    this.child = spawn(process.execPath, ['-e', bounded], { stdio: ['pipe', 'pipe', 'inherit'] });
    let rest = '';
    this.child.stdout?.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#hand();
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** The next line that it prints. */
  line(): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#hand();
    });
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }

  #hand(): void {
    if (!this.#waiting || this.#lines.length === 0) return;
    const hand = this.#waiting;
    this.#waiting = undefined;
    hand(this.#lines.shift()!);
  }
}

/** CPU time of a process and of the children that it waited for, in clock ticks, straight from /proc. */
export function cpuTicksOf(pid: number): { own: number; reaped: number; rssPages: number; threads: number } {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return {
    own: fields[11]! + fields[12]!,
    reaped: fields[13]! + fields[14]!,
    threads: fields[17]!,
    rssPages: fields[21]!,
  };
}

/** Burns `ms` of CPU time of its own; source text for a live process. */
export const burn =
  'function burn(ms) { const end = process.cpuUsage().user / 1000 + ms; while (process.cpuUsage().user / 1000 < end); }';
