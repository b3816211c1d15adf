import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type express from 'express';
import type { Express, RequestHandler } from 'express';
import { rig, versions } from './express-versions.ts';

const ok: RequestHandler = (_req, res) => {
  res.send('ok');
};

interface Case {
  readonly name: string;
  build(app: Express, make: typeof express): void;
  /** Path and what must be recorded of it. */
  readonly asked: readonly (readonly [path: string, label: string, init?: RequestInit])[];
  /** The one version that has this syntax. */
  readonly only?: string;
}

const cases: readonly Case[] = [
  {
    name: 'a route with parameters is its pattern',
    build: (app) => app.get('/users/:id', ok),
    asked: [
      ['/users/1', 'GET /users/:id 200'],
      ['/users/2?secret=1', 'GET /users/:id 200'],
      ['/users/2/', 'GET /users/:id 200'],
    ],
  },
  { name: 'the root is /', build: (app) => app.get('/', ok), asked: [['/', 'GET / 200']] },
  {
    name: 'a mounted router has the path of its mount before it',
    build: (app, make) => app.use('/api', make.Router().get('/users/:id', ok).get('/', ok)),
    asked: [
      ['/api/users/7', 'GET /api/users/:id 200'],
      ['/api', 'GET /api 200'],
      ['/api/', 'GET /api 200'],
    ],
  },
  {
    name: 'parameters in the mount path stay names',
    build: (app, make) => {
      const users = make.Router({ mergeParams: true }).get('/users/:id', ok);
      app.use('/orgs/:org', make.Router({ mergeParams: true }).use('/teams/:team', users).get('/', ok));
    },
    asked: [
      ['/orgs/acme/teams/9/users/3', 'GET /orgs/:org/teams/:team/users/:id 200'],
      ['/orgs/acme/teams/10/users/3', 'GET /orgs/:org/teams/:team/users/:id 200'],
      ['/orgs/acme', 'GET /orgs/:org 200'],
      ['/orgs/%C3%A9/', 'GET /orgs/:org 200'],
    ],
  },
  {
    name: 'a router that was filled before the application is the same',
    build: (app, make) => {
      const inner = make.Router().get('/:id', ok);
      const outer = make.Router().use('/inner', inner);
      app.use('/outer', outer);
    },
    asked: [['/outer/inner/5', 'GET /outer/inner/:id 200']],
  },
  {
    name: 'one router at two mounts has two names',
    build: (app, make) => {
      const router = make.Router().get('/x/:id', ok);
      app.use('/v1', router);
      app.use('/v2/:tenant', router);
    },
    asked: [
      ['/v1/x/1', 'GET /v1/x/:id 200'],
      ['/v2/t/x/1', 'GET /v2/:tenant/x/:id 200'],
      ['/v1/x/2', 'GET /v1/x/:id 200'],
      ['/v2/u/x/1', 'GET /v2/:tenant/x/:id 200'],
    ],
  },
  {
    name: 'mounts at / add nothing',
    build: (app, make) => app.use(make.Router().use('/', make.Router().get('/deep', ok))),
    asked: [['/deep', 'GET /deep 200']],
  },
  {
    name: 'a mounted application has its mount path before it',
    build: (app, make) => {
      const inner = make().get('/x/:id', ok);
      const admin = make().use('/inner', inner).get('/', ok);
      app.use('/admin/:area', admin);
    },
    asked: [
      ['/admin/one/inner/x/3', 'GET /admin/:area/inner/x/:id 200'],
      ['/admin/one', 'GET /admin/:area 200'],
    ],
  },
  {
    name: 'two mounted applications are not mistaken for each other',
    build: (app, make) => {
      app.use('/a/:id', make().get('/x', ok));
      app.use('/b/:id', make().get('/x', ok));
    },
    asked: [
      ['/b/1/x', 'GET /b/:id/x 200'],
      ['/a/1/x', 'GET /a/:id/x 200'],
    ],
  },
  {
    name: 'alternatives stand in brackets',
    build: (app, make) => {
      app.get(['/one', '/two/:id'], ok);
      app.use(['/v1', '/v2/:tenant'], make.Router().get('/x', ok));
    },
    asked: [
      ['/two/3', 'GET (/one|/two/:id) 200'],
      ['/v1/x', 'GET (/v1|/v2/:tenant)/x 200'],
      ['/v2/t/x', 'GET (/v1|/v2/:tenant)/x 200'],
    ],
  },
  {
    name: 'a regular expression is its source',
    build: (app, make) => {
      app.get(/^\/files\/(\d+)$/, ok);
      app.use(/^\/re-[a-z]+/, make.Router().get('/x', ok));
    },
    asked: [
      ['/files/42', 'GET ^\\/files\\/(\\d+)$ 200'],
      ['/re-abc/x', 'GET ^\\/re-[a-z]+/x 200'],
    ],
  },
  {
    name: 'app.route and router.all are routes',
    build: (app, make) => {
      app.route('/thing/:id').get(ok).put(ok);
      app.use('/all', make.Router().all('/:id', ok));
    },
    asked: [
      ['/thing/1', 'PUT /thing/:id 200', { method: 'PUT' }],
      ['/all/1', 'DELETE /all/:id 200', { method: 'DELETE' }],
    ],
  },
  {
    name: "next('route') hands on to the route that answers",
    build: (app) => {
      app.get('/n/:a', (_req, _res, next) => next('route'));
      app.get('/n/:b', ok);
    },
    asked: [['/n/1', 'GET /n/:b 200']],
  },
  {
    name: "next('router') leaves the router",
    build: (app, make) => {
      app.use(
        '/r',
        make.Router().get('/:a', (_req, _res, next) => next('router')),
      );
      app.get('/r/:b', ok);
    },
    asked: [['/r/1', 'GET /r/:b 200']],
  },
  {
    name: 'what no route takes is unmatched',
    build: (app, make) => app.use('/api', make.Router().get('/known', ok)),
    asked: [
      ['/secret/1', 'GET unmatched 404'],
      ['/api/secret', 'GET unmatched 404'],
      ['/api/known', 'POST unmatched 404', { method: 'POST' }],
    ],
  },
  {
    name: 'a route that passes a request on has not taken it',
    build: (app) => app.get('/p/:id', (_req, _res, next) => next()),
    asked: [['/p/1', 'GET unmatched 404']],
  },
  {
    name: 'an answer for everything that is not found is unmatched too',
    build: (app) => {
      app.get('/p/:id', (_req, _res, next) => next());
      app.use((_req, res) => {
        res.status(404).send('nothing here');
      });
    },
    asked: [
      ['/p/1', 'GET unmatched 404'],
      ['/q', 'GET unmatched 404'],
    ],
  },
  {
    name: 'a function that answers below its mount is the mount',
    build: (app, make) => {
      app.use('/graphql', ok);
      app.use('/t/:tenant', make.Router().use('/files', ok));
    },
    asked: [
      ['/graphql', 'GET /graphql 200'],
      ['/graphql/anything', 'GET /graphql 200'],
      ['/t/7/files/secret.pdf', 'GET /t/:tenant/files 200'],
    ],
  },
  {
    name: 'a function that answers before any route is unmatched',
    build: (app) => {
      app.use((_req, res) => {
        res.status(401).send('no');
      });
      app.get('/x', ok);
    },
    asked: [['/x', 'GET unmatched 401']],
  },
  {
    name: 'HEAD and OPTIONS are methods of the route',
    build: (app) => {
      app.get('/h/:id', ok);
      app.options('/h/:id', ok);
    },
    asked: [
      ['/h/1', 'HEAD /h/:id 200', { method: 'HEAD' }],
      ['/h/1', 'OPTIONS /h/:id 200', { method: 'OPTIONS' }],
    ],
  },
  {
    name: "OPTIONS that Express answers by itself are no route's",
    build: (app) => app.get('/h/:id', ok),
    asked: [['/h/1', 'OPTIONS unmatched 200', { method: 'OPTIONS' }]],
  },
  {
    name: 'a router behind a function of the application still shows no URL',
    build: (app, make) => {
      const hidden = make.Router().get('/x/:id', ok);
      app.use('/hidden/:key', (req, res, next) => hidden(req, res, next));
    },
    asked: [['/hidden/secret/x/1', 'GET */x/:id 200']],
  },
  {
    name: 'a function may serve a route after it was mounted',
    build: (app, make) => {
      const late = make.Router();
      app.use('/late/:id', late);
      app.get('/open', (_req, res) => {
        late.use('/more/:b', make.Router().get('/x', ok));
        res.send('ok');
      });
    },
    asked: [
      ['/open', 'GET /open 200'],
      ['/late/1/more/2/x', 'GET /late/:id/more/:b/x 200'],
    ],
  },
  {
    name: 'optional parameters and wildcards of Express 4',
    only: 'Express 4',
    build: (app, make) => {
      app.get('/o/:id/:more?', ok);
      app.get('/w/*', ok);
      app.use('/m/:id(\\d+)/:opt?', make.Router().get('/x', ok));
      app.use('/star/*/end', make.Router().get('/x', ok));
      app.use('/dot.:ext', make.Router().get('/x', ok));
    },
    asked: [
      ['/o/1', 'GET /o/:id/:more? 200'],
      ['/w/a/b', 'GET /w/* 200'],
      ['/m/12/y/x', 'GET /m/:id/:opt?/x 200'],
      ['/star/a/b/end/x', 'GET /star/*/end/x 200'],
      ['/dot.json/x', 'GET /dot.:ext/x 200'],
    ],
  },
  {
    name: 'optional parameters and wildcards of Express 5',
    only: 'Express 5',
    build: (app, make) => {
      app.get('/o/:id{/:more}', ok);
      app.get('/w/*rest', ok);
      app.use('/m/:id{/opt}', make.Router().get('/x', ok));
    },
    asked: [
      ['/o/1', 'GET /o/:id{/:more} 200'],
      ['/w/a/b', 'GET /w/*rest 200'],
      ['/m/12/opt/x', 'GET /m/:id{/opt}/x 200'],
    ],
  },
];

for (const [version, make] of versions) {
  describe(`the endpoint of a request to ${version}`, () => {
    for (const { name, build, asked, only } of cases) {
      if (only !== undefined && only !== version) continue;
      test(name, async () => {
        await using app = await rig(make, (it) => build(it, make));
        const found: string[] = [];
        for (const [path, , init] of asked) found.push(await app.label(path, init));
        assert.deepEqual(
          found,
          asked.map(([, label]) => label),
        );
      });
    }
  });
}
