import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Intake, type Place, temporaryPlace, until } from './intake.ts';
import '../../support/watchdog.ts';

const service = fileURLToPath(new URL('service.ts', import.meta.url));

interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: string | null;
}

function start(end: string, env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', service, end], {
    env: { ...process.env, END: end, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function run(end: string, env: Record<string, string>): Promise<Run> {
  const child = start(end, env);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit'),
  ]);
  return { stdout, stderr: stderr.replaceAll(`${child.pid}`, 'PID'), code, signal };
}

const ends = [
  ...['end', 'exit', 'exit in a request', 'throw', 'throw later', 'throw a text', 'throw nothing'],
  ...['throw a proxy', 'reject', 'reject with a text', 'reject with a listener', 'throw with a listener'],
  ...['reject with a listener that was removed', 'reject after a listener for once'],
  ...['reject with all listeners removed', 'warnings', 'a worker that throws', 'a signal that is handled'],
];

/** What an end is told as, if it is an error. */
const told: Readonly<Record<string, string>> = {
  throw: 'thrown',
  'throw later': 'thrown later',
  'throw a text': 'a text',
  'throw a proxy': 'hidden',
  reject: 'rejected',
  'reject with a text': 'The promise rejected with the reason "a text".',
  'reject with a listener': 'rejected',
  'reject with a listener that was removed': 'rejected',
  'reject with all listeners removed': 'rejected',
  'throw with a listener': 'thrown',
};

describe('process recorder', { concurrency: 2 }, () => {
  let place: Place;
  before(() => {
    place = temporaryPlace();
  });
  after(() => place.remove());

  for (const end of ends) {
    test(`leaves a service as it is without an agent: ${end}`, async () => {
      const absent = { NOVA_AGENT_INTAKE_SOCKET: `${place.folder}/nobody.sock` };
      const plain = await run(end, absent);
      const watched = await run(end, { ...absent, WATCHED: '1' });
      assert.deepEqual(watched, plain);
      assert.match(plain.stdout, /^begun\n/);
    });

    test(`tells all of a service before it ends: ${end}`, async () => {
      const own = temporaryPlace();
      const intake = await Intake.listen(own.path);
      try {
        await run(end, { NOVA_AGENT_INTAKE_SOCKET: own.path, WATCHED: '1' });
        await until(() => intake.records().length >= 2, 'what came before the end was told');
        await until(() => intake.records().some(({ a }) => a === 'GET\0/a'), 'the request was told');
        const message = told[end];
        if (message === undefined) return;
        await until(() => intake.records().some(({ kind }) => kind === 5), 'the error was told');
        const errors = intake.records().filter(({ kind }) => kind === 5);
        assert.deepEqual(
          errors.map(({ b }) => b),
          [message],
        );
      } finally {
        await intake.close();
        own.remove();
      }
    });
  }

  test('tells of a worker thread on a stream of its own', async () => {
    const own = temporaryPlace();
    const intake = await Intake.listen(own.path);
    try {
      await run('a worker that throws', { NOVA_AGENT_INTAKE_SOCKET: own.path, WATCHED: '1' });
      await until(() => intake.records().some(({ b }) => b === 'in the worker'), 'the error was told');
      const threads = intake.frames().map(([hello]) => hello?.kind === 'hello' && hello.hello.threadId);
      assert.equal(threads.length, 2);
      assert.ok(threads.includes(0) && threads.some((thread) => Number(thread) > 0));
    } finally {
      await intake.close();
      own.remove();
    }
  });

  test('ends although the agent is stopped and does not read', async () => {
    const own = temporaryPlace();
    const intake = await Intake.listen(own.path, { isReading: false });
    try {
      const { code } = await run('much', { NOVA_AGENT_INTAKE_SOCKET: own.path, WATCHED: '1' });
      assert.equal(code, 0);
      assert.equal(intake.sockets.length, 1);
    } finally {
      await intake.close();
      own.remove();
    }
  });

  test('does nothing on import', async () => {
    const own = temporaryPlace();
    const intake = await Intake.listen(own.path);
    try {
      const script = `
        const before = process.eventNames();
        await import(${JSON.stringify(new URL('../../../agent/instrument/instrument.ts', import.meta.url).href)});
        const after = process.eventNames();
        console.log(JSON.stringify([before, after, process.getActiveResourcesInfo()]));`;
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        env: { ...process.env, NOVA_AGENT_INTAKE_SOCKET: own.path },
      });
      const [before, after, resources] = JSON.parse(await text(child.stdout));
      assert.deepEqual(after, before);
      assert.ok(!resources.some((name: string) => /Pipe(?!Wrap)|TCP|Timeout/.test(name)), `${resources}`);
      assert.equal(intake.sockets.length, 0);
    } finally {
      await intake.close();
      own.remove();
    }
  });
});
