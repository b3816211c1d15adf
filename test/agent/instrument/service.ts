/** A service that comes to one end or another, with the library where WATCHED is set. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

function say(...words: readonly unknown[]): void {
  process.stdout.write(`${words.join(' ')}\n`);
}

const { monitor } = process.env.WATCHED
  ? await import('../../../agent/instrument/instrument.ts')
  : { monitor: undefined };
// From here on the stack is the same with and without it.
await new Promise((resolve) => setTimeout(resolve, 1));

monitor?.trackUser('ann');
monitor?.trackAPIRequest({ endpoint: '/a', method: 'GET', statusCode: 200, responseTime: 1 });
say('begun');

const ends: Record<string, () => unknown> = {
  end: () => {},
  /** More than socket and queue hold. */
  much: async () => {
    for (let i = 0; i < 50; i++) {
      for (let k = 0; k < 5000; k++) monitor?.trackUser(k % 10);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
  exit: () => process.exit(3),
  'exit in a request': async () => {
    const { createServer, get } = await import('node:http');
    const server = createServer(() => process.exit(4)).listen(0, '127.0.0.1', () => {
      get({ port: (server.address() as { port: number }).port, host: '127.0.0.1' }).on('error', () => {});
    });
  },
  throw: () => {
    throw new TypeError('thrown');
  },
  'throw later': () =>
    setTimeout(() => {
      throw new TypeError('thrown later');
    }, 100),
  'throw a text': () => {
    throw 'a text';
  },
  'throw nothing': () => {
    throw undefined;
  },
  'throw a proxy': () => {
    throw new Proxy(new Error('hidden'), {
      get: (target, key) => (key === 'stack' ? 'a stack' : Reflect.get(target, key)),
    });
  },
  reject: () => {
    Promise.reject(new RangeError('rejected'));
  },
  'reject with a text': () => {
    Promise.reject('a text');
  },
  'reject with a listener': () => {
    process.on('unhandledRejection', (reason) => say('mine', reason));
    Promise.reject(new RangeError('rejected'));
  },
  'reject with a listener that was removed': () => {
    const listener = (reason: unknown) => say('mine', reason);
    process.on('unhandledRejection', listener);
    process.off('unhandledRejection', listener);
    Promise.reject(new RangeError('rejected'));
  },
  'reject after a listener for once': async () => {
    process.once('unhandledRejection', () => say('mine'));
    Promise.reject(new RangeError('rejected'));
    setTimeout(() => Promise.reject(new RangeError('rejected again')), 50);
  },
  'reject with all listeners removed': () => {
    process.on('unhandledRejection', () => say('mine'));
    process.removeAllListeners('unhandledRejection');
    say(process.listenerCount('unhandledRejection'), process.listenerCount('uncaughtException'));
    Promise.reject(new RangeError('rejected'));
  },
  'throw with a listener': () => {
    process.on('uncaughtException', (error) => say('mine', error.message, new Error('here').stack));
    throw new TypeError('thrown');
  },
  warnings: () => {
    process.emitWarning('careful', 'OwnWarning');
    for (let i = 0; i < 12; i++) process.on('SIGUSR2', () => {});
    new Promise((_, reject) => reject(new Error('late'))).catch(() => {});
  },
  'a worker that throws': async () => {
    if (process.env.IN_WORKER) throw new Error('in the worker');
    const worker = new Worker(new URL('service-worker.mjs', import.meta.url), {
      env: { ...process.env, IN_WORKER: '1' },
    });
    const [error] = await once(worker, 'message').catch((thrown) => [thrown]);
    say(error.message);
  },
  'a signal that is handled': () => {
    process.on('SIGTERM', () => process.exit(0));
    setInterval(() => {}, 1000);
    process.kill(process.pid, 'SIGTERM');
  },
};
if (process.env.IN_WORKER) monitor?.trackUser('worker');
await ends[process.argv[2] ?? process.env.END!]!();
