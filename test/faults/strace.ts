import { type ChildProcess, spawn } from 'node:child_process';

/** Calls with which SQLite changes a file: https://www.sqlite.org/src/file?name=src/os_unix.c . */
export const writeCalls = 'pwrite64,fdatasync,fsync,ftruncate,unlink';

export interface Injection {
  readonly pid: number;
  /** Only that thread; the whole process unless told. */
  readonly thread?: number;
  /** Names of system calls with commas. */
  readonly calls: string;
  /** As strace writes it: `signal=KILL:when=3`, `error=EIO:when=5..9`, `delay_enter=5s:when=1`. */
  readonly fault: string;
  /** Only calls on these files. */
  readonly paths?: readonly string[];
}

export interface Injector {
  readonly process: ChildProcess;
  /** Lets go of the process: its calls work again. */
  detach(): Promise<void>;
}

/** Makes system calls of a running process fail, https://man7.org/linux/man-pages/man1/strace.1.html ; from when it resolves. */
export async function inject({ pid, thread, calls, fault, paths = [] }: Injection): Promise<Injector> {
  const target = thread === undefined ? ['-f', '-p', `${pid}`] : ['-p', `${thread}`];
  const files = paths.flatMap((path) => ['-P', path]);
  const child = spawn(
    'strace',
    [...target, ...files, '-e', `trace=${calls}`, '-e', `inject=${calls}:${fault}`, '-o', '/dev/null'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`strace ended with ${code}: ${said}`)));
    child.stderr.on('data', (data) => {
      said += data;
      if (said.includes('attached')) resolve();
    });
  });
  return {
    process: child,
    detach: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await gone;
    },
  };
}
