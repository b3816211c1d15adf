import { stat } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock.ts';

export interface WatchRequest {
  /** Absolute paths; each is looked at through its symbolic links. */
  readonly files: readonly string[];
  /** Called once for each change, when the files have come to rest. Must not throw. */
  readonly onChange: () => void;
  readonly clock?: Clock;
  readonly pollMs?: number;
}

/** How long files must have been at rest before a change is told: editors and `cp` write in several steps. */
const restMs = 200;

/**
 * Watches files by asking for their state every `pollMs` (2 s). Unlike `fs.watch` that survives an editor's rename,
 * Kubernetes' swap of the `..data` link and network file systems, at some 0.1 ms of CPU a second. A file that is
 * missing is waited for: only what is there again can be a change.
 */
export function watchConfig({ files, onChange, clock = systemClock, pollMs = 2000 }: WatchRequest): {
  close(): void;
} {
  const ended = new AbortController();
  void watch(files, onChange, clock, pollMs, ended.signal);
  return { close: () => ended.abort() };
}

async function watch(
  files: readonly string[],
  onChange: () => void,
  clock: Clock,
  pollMs: number,
  signal: AbortSignal,
): Promise<void> {
  let told = await stateOf(files);
  while (!signal.aborted) {
    await clock.sleep(pollMs, signal);
    let current = await stateOf(files);
    if (current === undefined || current === told) continue;
    for (let before: string | undefined; current !== before; ) {
      before = current;
      await clock.sleep(restMs, signal);
      current = await stateOf(files);
    }
    if (signal.aborted || current === undefined || current === told) continue;
    told = current;
    onChange();
  }
}

/** One text for the state of all files; undefined while one cannot be seen. */
async function stateOf(files: readonly string[]): Promise<string | undefined> {
  let text = '';
  for (const file of files) {
    try {
      const { dev, ino, size, mtimeMs, ctimeMs } = await stat(file);
      text += `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}\n`;
    } catch {
      return undefined;
    }
  }
  return text;
}
