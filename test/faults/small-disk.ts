import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as stage from './stage.ts';

/** A file system in memory of a few megabytes. */
export interface SmallDisk {
  readonly path: string;
  /** Writes a file until there is no room for another byte. */
  fill(): void;
  /** Removes it. */
  free(): void;
}

/** Mounts one at `path` for the rest of the file. */
export function mountSmallDisk(path: string, megabytes: number, options = 'rw'): SmallDisk {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700,${options}`, 'tmpfs', path]);
  // Lazily, as who has it open may end a moment later.
  stage.atEnd(() => execFileSync('umount', ['-l', path]));
  const ballast = join(path, 'ballast');
  return {
    path,
    fill: () => {
      const file = openSync(ballast, 'w');
      try {
        for (let size = 1024 * 1024; size >= 1; ) {
          try {
            if (writeSync(file, Buffer.alloc(size)) < size) size = Math.floor(size / 2);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
            size = Math.floor(size / 2);
          }
        }
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast, { force: true }),
  };
}
