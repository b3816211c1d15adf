import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Clock, systemClock } from '../../../agent/clock.ts';
import { watchConfig } from '../../../agent/config/watch.ts';
import { folderFor } from './support.ts';

/** A clock whose sleeps end when the test says so. */
class StepClock implements Clock {
  readonly now = systemClock.now;
  readonly monotonicMs = systemClock.monotonicMs;
  readonly random = systemClock.random;
  #wake: (() => void) | undefined;
  #asleep: (() => void) | undefined;

  sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#asleep?.();
    });
  }

  /** Ends `count` sleeps, one after the other, and waits until the sleeper has come to the next. */
  async step(count = 1): Promise<void> {
    for (let i = 0; i <= count; i++) {
      if (!this.#wake) await new Promise<void>((resolve) => (this.#asleep = resolve));
      this.#asleep = undefined;
      if (i === count) return;
      const wake = this.#wake;
      this.#wake = undefined;
      wake?.();
    }
  }
}

async function watched(
  t: TestContext,
): Promise<{ folder: string; file: string; clock: StepClock; told: () => number }> {
  const folder = await folderFor(t);
  const file = join(folder, 'agent.yml');
  await writeFile(file, 'one');
  const clock = new StepClock();
  let changes = 0;
  const watch = watchConfig({ files: [file], clock, onChange: () => changes++ });
  t.after(() => watch.close());
  await clock.step(0);
  return { folder, file, clock, told: () => changes };
}

test('an untouched file is no change', async (t) => {
  const { clock, told } = await watched(t);
  await clock.step(5);
  assert.equal(told(), 0);
});

test('a file written anew is one change', async (t) => {
  const { file, clock, told } = await watched(t);
  await writeFile(file, 'other');
  await clock.step(6);
  assert.equal(told(), 1);
});

test('a file replaced by rename, as editors save, is one change', async (t) => {
  const { folder, file, clock, told } = await watched(t);
  await writeFile(join(folder, 'new'), 'two');
  await rename(join(folder, 'new'), file);
  await clock.step(6);
  assert.equal(told(), 1);
});

test('a file that is missing for a while is a change only when it is back', async (t) => {
  const { file, clock, told } = await watched(t);
  await rm(file);
  await clock.step(4);
  assert.equal(told(), 0);
  await writeFile(file, 'two');
  await clock.step(4);
  assert.equal(told(), 1);
});

test('a file that is still being written is waited for', async (t) => {
  const { file, clock, told } = await watched(t);
  await writeFile(file, 'a');
  await clock.step();
  await writeFile(file, 'ab');
  await clock.step();
  await writeFile(file, 'abc');
  await clock.step();
  assert.equal(told(), 0);
  await clock.step(3);
  assert.equal(told(), 1);
});

test('the swap of a link above the file, as Kubernetes updates, is one change', async (t) => {
  const folder = await folderFor(t);
  for (const version of ['v1', 'v2']) {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, 'agent.yml'), version);
  }
  await symlink('v1', join(folder, '..data'));
  await symlink('..data/agent.yml', join(folder, 'agent.yml'));
  const clock = new StepClock();
  let told = 0;
  const watch = watchConfig({ files: [join(folder, 'agent.yml')], clock, onChange: () => told++ });
  t.after(() => watch.close());
  await clock.step(0);
  await symlink('v2', join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  await clock.step(4);
  assert.equal(told, 1);
});

test('after closing nothing is told', async (t) => {
  const { file, clock, told } = await watched(t);
  const other = new StepClock();
  let changes = 0;
  const watch = watchConfig({ files: [file], clock: other, onChange: () => changes++ });
  await other.step(0);
  watch.close();
  await writeFile(file, 'two');
  await clock.step(4);
  assert.equal(told(), 1);
  assert.equal(changes, 0);
});
