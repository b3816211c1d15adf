import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const library = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

/** The wall clock of a process that a test starts; its monotonic clock goes on, as it does when somebody sets the time. */
export interface Faketime {
  readonly env: Readonly<Record<string, string>>;
  /** Sets it so many seconds ahead of the real one. */
  set(seconds: number): void;
  /** What it shows. */
  nowMs(): number;
}

/** By libfaketime, with an offset that it reads from a file in `folder` over and over. */
export function newFaketime(folder: string): Faketime {
  assert.ok(library, 'libfaketime is not there: install the Debian package faketime');
  const file = join(folder, 'clock');
  let offset = 0;
  const set = (seconds: number): void => {
    offset = seconds;
    writeFileSync(file, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}s\n`);
  };
  set(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
    nowMs: () => Date.now() + offset * 1000,
  };
}
