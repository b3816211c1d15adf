import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import type { ErrorRequestHandler, Request } from 'express';
import { noDuration } from '../../../../workers/contract/wire.ts';
import { untilTrue } from '../../../support/servers.ts';
import { rig, versions } from './express-versions.ts';

const asUser = (user: unknown) => (req: Request) => {
  Object.assign(req, { user });
};

for (const [version, make] of versions) {
  describe(`a request to ${version}`, () => {
    test('is timed from the middleware to the end of the response', async () => {
      await using app = await rig(make, (it) =>
        it.get('/', (_req, res) => {
          setTimeout(() => res.send('ok'), 30);
        }),
      );
      await app.label('/');
      const [request] = app.seen.requests;
      assert.ok(request!.durationUs >= 29_000 && request!.durationUs < noDuration);
      assert.ok(Math.abs(request!.timeMs - Date.now()) < 60_000);
      assert.equal(request!.untimed, false);
    });

    test('names the user that stands on it when the response ends', async () => {
      const users: readonly (readonly [unknown, string])[] = [
        [{ id: 7 }, '7'],
        [{ id: 'u-1', sub: 'other' }, 'u-1'],
        [{ sub: 'subject' }, 'subject'],
        [{ id: { nested: true } }, ''],
        [null, ''],
        ['text', ''],
        [
          {
            get id() {
              throw new Error('no');
            },
          },
          '',
        ],
      ];
      await using app = await rig(make, (it) =>
        it.get('/:index', (req, res) => {
          asUser(users[Number(req.params.index)]![0])(req);
          res.send('ok');
        }),
      );
      for (const index of users.keys()) await app.label(`/${index}`);
      assert.deepEqual(
        app.seen.requests.map(({ user }) => user),
        users.map(([, name]) => name),
      );
    });

    test('is counted once where the middleware stands twice', async () => {
      const { createExpressMiddleware } = await import('../../../../agent/instrument/hooks/express.ts');
      await using app = await rig(make, (it) => {
        it.use(createExpressMiddleware(app0()));
        it.get('/', (_req, res) => {
          res.send('ok');
        });
      });
      function app0() {
        return { ...nothing };
      }
      await app.label('/');
      await app.label('/');
      assert.equal(app.seen.requests.length, 2);
    });

    test('that the client gives up before an answer is a 499 without a time', async () => {
      await using app = await rig(make, (it) => it.get('/slow/:id', () => {}));
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => {
        socket.write('GET /slow/1 HTTP/1.1\r\nhost: x\r\n\r\n');
        setTimeout(() => socket.destroy(), 50);
      });
      await untilTrue(() => assert.equal(app.seen.requests.length, 1));
      const { route, status, untimed, durationUs } = app.seen.requests[0]!;
      assert.deepEqual([route, status, untimed, durationUs], ['/slow/:id', 499, true, noDuration]);
    });

    test('that is cut off in the middle of its answer keeps the status that was sent', async () => {
      await using app = await rig(make, (it) =>
        it.get('/', (_req, res) => {
          res.status(206).write('a part');
        }),
      );
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () =>
        socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
      );
      socket.once('data', () => socket.destroy());
      await untilTrue(() => assert.equal(app.seen.requests.length, 1));
      assert.deepEqual([app.seen.requests[0]!.status, app.seen.requests[0]!.untimed], [206, true]);
    });

    test('for an event stream is counted, and not timed', async () => {
      await using app = await rig(make, (it) => {
        it.get('/set', (_req, res) => {
          res.set('Content-Type', 'text/event-stream; charset=utf-8').write('data: 1\n\n');
          res.end();
        });
        it.get('/written', (_req, res) => {
          res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
          res.end();
        });
        it.get('/chunks', (_req, res) => {
          res.write('text/event-stream');
          res.end();
        });
      });
      const labels = [await app.label('/set'), await app.label('/written'), await app.label('/chunks')];
      assert.deepEqual(labels, ['GET /set 200', 'GET /written 200', 'GET /chunks 200']);
      assert.deepEqual(
        app.seen.requests.map(({ untimed }) => untimed),
        [true, true, false],
      );
    });

    test('several on one connection are counted each', async () => {
      await using app = await rig(make, (it) =>
        it.get('/:id', (_req, res) => {
          res.send('ok');
        }),
      );
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () =>
        socket.write('GET /1 HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(5)),
      );
      await untilTrue(() => assert.equal(app.seen.requests.length, 5));
      socket.destroy();
      assert.deepEqual(new Set(app.seen.requests.map(({ route }) => route)), new Set(['/:id']));
    });
  });

  describe(`an error in ${version}`, () => {
    const faults = (it: Parameters<Parameters<typeof rig>[1]>[0]) => {
      const inner = make.Router({ mergeParams: true });
      inner.get('/thrown/:id', () => {
        throw new TypeError('thrown');
      });
      inner.get('/passed', (_req, _res, next) => next(new Error('passed')));
      inner.get('/later', (req, _res, next) => {
        asUser({ id: 'u1' })(req);
        setTimeout(() => next(new Error('later')), 5);
      });
      inner.get('/text', (_req, _res, next) => next('only text'));
      it.use('/in/:org', inner);
    };
    const expected = [
      ['thrown', '/in/:org/thrown/:id', ''],
      ['passed', '/in/:org/passed', ''],
      ['later', '/in/:org/later', 'u1'],
      ['only text', '/in/:org/text', ''],
    ];
    const paths = ['/in/o/thrown/3', '/in/o/passed', '/in/o/later', '/in/o/text'];
    const told = (errors: readonly { error: unknown; at: { route?: string; user?: string } }[]) =>
      errors.map(({ error, at }) => [error instanceof Error ? error.message : error, at.route, at.user]);

    test('without a handler is recorded once, with its route and user', async () => {
      await using app = await rig(make, faults);
      const labels: string[] = [];
      for (const path of paths) labels.push(await app.label(path));
      assert.deepEqual(
        labels,
        expected.map(([, route]) => `GET ${route} 500`),
      );
      assert.deepEqual(told(app.seen.errors), expected);
      assert.deepEqual(
        app.seen.requests.map(({ error }) => error),
        expected.map(([message]) => message),
      );
    });

    test('that several handlers pass on is recorded once', async () => {
      const passOn: ErrorRequestHandler = (error, _req, _res, next) => next(error);
      const answer: ErrorRequestHandler = (error, _req, res, _next) => {
        res.status(418).json({ message: String(error.message ?? error) });
      };
      await using app = await rig(make, (it) => {
        faults(it);
        it.use(passOn, passOn, answer);
      });
      for (const path of paths) assert.match(await app.label(path), / 418$/);
      assert.deepEqual(told(app.seen.errors), expected);
    });

    test('of a function before any route is recorded as unmatched', async () => {
      await using app = await rig(make, (it) => it.use(make.json()));
      const init = { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } };
      assert.equal(await app.label('/secret', init), 'POST unmatched 400');
      assert.deepEqual(
        app.seen.errors.map(({ at }) => at.route),
        ['unmatched'],
      );
    });

    test('in the first request of all is not missed', async () => {
      await using app = await rig(make, (it) =>
        it.get('/x', () => {
          throw new Error('first');
        }),
      );
      await app.label('/x');
      assert.equal(app.seen.errors.length, 1);
    });
  });

  describe(`${version} with the middleware`, () => {
    test('is mounted and built as it is without', async () => {
      const { createExpressMiddleware } = await import('../../../../agent/instrument/hooks/express.ts');
      const middleware = createExpressMiddleware(nothing);
      const app = make();
      app.use(middleware);
      const inner = make();
      app.use('/inner', inner);
      const router =
        (app as unknown as { _router?: { stack: { name: string; handle: unknown }[] } })._router ??
        app.router;
      const layer = router.stack.find(({ handle }) => handle === (middleware as unknown));
      assert.equal(layer?.name, 'monitored');
      assert.equal(inner.mountpath, '/inner');
      assert.equal(app.mountpath, '/');
      assert.ok(!Object.keys(router).includes('handle') || version === 'Express 4');
    });

    test('leaves nothing to be seen on requests and responses', async () => {
      const keys = new Map<string, unknown>();
      const look = (it: Parameters<Parameters<typeof rig>[1]>[0]) =>
        it.get('/', (req, res) => {
          keys.set(
            String(keys.size),
            [Reflect.ownKeys(req), Reflect.ownKeys(res)].map((all) => all.map(String)),
          );
          res.send('ok');
        });
      await using app = await rig(make, look);
      await app.label('/');
      const plain = make();
      plain.use((_req, _res, next) => next());
      look(plain);
      const server = plain.listen(0);
      await fetch(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      assert.deepEqual(keys.get('0'), keys.get('1'));
    });
  });
}

const nothing = {
  request: () => assert.fail('recorded twice'),
  query: () => {},
  socketEvent: () => {},
  job: () => {},
  error: () => {},
  user: () => {},
  connections: () => {},
  reports: () => {},
};
