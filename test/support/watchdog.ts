import { afterEach, beforeEach } from 'node:test';

/**
 * Imported by files whose tests wait for processes: one that hangs ends its file, and soon, so that the others are still
 * run. What the file started ends with it. The whole campaign of faults takes its time.
 */
const mostMs = process.env.NOVA_FAULTS === 'full' ? 4 * 3_600_000 : 120_000;

let doing = 'the start of the file';
const timer = setTimeout(() => {
  process.stderr.write(`nothing came to an end for ${mostMs / 1000} s: ${doing}\n`);
  process.exit(1);
}, mostMs).unref();

/** Said by what takes longer than that, at every step: it did not hang. */
export function note(now: string): void {
  doing = now;
  timer.refresh();
}

beforeEach((t) => note((t as { readonly name?: string }).name ?? 'a test'));
afterEach((t) => note(`what follows ${(t as { readonly name?: string }).name ?? 'a test'}`));
