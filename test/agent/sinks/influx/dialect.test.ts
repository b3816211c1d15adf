import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilTrue } from '../../../support/servers.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { accepts, type Behaviour, startFakeInflux } from '../fakes/fake-influx.ts';
import { FakeStore, points } from '../fakes/fake-store.ts';
import { rig, sinkOn } from './rig.ts';

const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
const dialects: [name: string, options: object, path: string, authorization: string | undefined][] = [
  ['1.x', { version: 1 }, '/write?db=test&precision=ms', undefined],
  ['1.x with a user', { version: 1, user: 'u', password: 'p' }, '/write?db=test&precision=ms', basic],
  ['1.x with user:password as token', { version: 1, token: 'u:p' }, '/write?db=test&precision=ms', basic],
  [
    '1.x with a web token',
    { version: 1, token: 'eyJh.eyJ1.c2ln' },
    '/write?db=test&precision=ms',
    'Bearer eyJh.eyJ1.c2ln',
  ],
  [
    '1.x with a retention policy',
    { version: 1, database: 'a b', retentionPolicy: 'one&two' },
    '/write?db=a+b&rp=one%26two&precision=ms',
    undefined,
  ],
  [
    '2.x',
    { version: 2, database: undefined, org: 'my org', bucket: 'b', token: 't' },
    '/api/v2/write?org=my+org&bucket=b&precision=ms',
    'Token t',
  ],
  [
    '3.x',
    { version: '3', token: 't' },
    '/api/v3/write_lp?db=test&precision=millisecond&accept_partial=true',
    'Bearer t',
  ],
];
for (const [name, options, path, authorization] of dialects) {
  test(`${name} is written to as it expects`, async (t) => {
    const { influx, delivered } = await rig(t, { options });
    await delivered();
    const [request] = influx.requests;
    assert.equal(request!.method, 'POST');
    assert.equal(request!.path, path);
    assert.equal(request!.headers.authorization, authorization);
  });
}

test('a path in the URL comes before the path of the endpoint', async (t) => {
  const influx = await startFakeInflux();
  const store = new FakeStore(points(1));
  const { sink } = sinkOn(`${influx.url}/influx/`, store, new FakeClock());
  t.after(async () => {
    await sink.close(0);
    await influx.close();
  });
  sink.start();
  await untilTrue(() => assert.equal(store.delivered, 1));
  assert.equal(influx.requests[0]!.path, '/influx/write?db=test&precision=ms');
});

const answers: [name: string, headers: Record<string, string>, body: object | undefined, path: RegExp][] = [
  ['1.8', { 'x-influxdb-version': '1.8.10', 'x-influxdb-build': 'OSS' }, undefined, /^\/write\?/],
  ['1.6.7 of Debian', { 'x-influxdb-version': '1.6.7~rc0' }, undefined, /^\/write\?/],
  ['2.7', { 'x-influxdb-version': 'v2.7.1', 'x-influxdb-build': 'OSS' }, undefined, /^\/api\/v2\/write\?/],
  ['Cloud 2', { 'x-influxdb-build': 'Cloud' }, undefined, /^\/api\/v2\/write\?/],
  ['3 by its header', { 'x-influxdb-version': '3.0.1' }, undefined, /^\/api\/v3\/write_lp\?/],
  ['3 by its body', {}, { version: '3.2.0', revision: 'abc' }, /^\/api\/v3\/write_lp\?/],
];
const everything = { version: 'auto', org: 'o', bucket: 'b', token: 't' };
for (const [name, headers, body, path] of answers) {
  test(`auto finds ${name} out by /ping`, async (t) => {
    const behaviour: Behaviour = (request) =>
      request.path === '/ping'
        ? { status: body ? 200 : 204, headers, ...(body && { body }) }
        : { status: 204 };
    const { influx, delivered } = await rig(t, { behaviour, options: everything });
    await delivered();
    assert.deepEqual(
      influx.requests.map(({ method }) => method),
      ['GET', 'POST'],
    );
    assert.match(influx.requests[1]!.path, path);
  });
}

test('auto asks until the server answers, and only then sends points', async (t) => {
  const { influx, clock, setback, delivered, store } = await rig(t, {
    behaviour: () => 'drop',
    options: { version: 'auto' },
  });
  assert.equal(await setback(), 1000);
  influx.behave(() => ({ status: 503 }));
  clock.advance(2000);
  await setback();
  assert.ok(influx.requests.every(({ path }) => path === '/ping'));
  influx.behave(() => ({ status: 204, headers: { 'x-influxdb-version': '1.8.10' } }));
  clock.advance(60_000);
  await delivered();
  assert.equal(store.delivered, 20);
});

test('auto says which key the version that it found needs, and asks again later', async (t) => {
  const behaviour = () => ({ status: 204, headers: { 'x-influxdb-version': 'v2.7.1' } });
  const { sink, setback, store } = await rig(t, { behaviour, options: { version: 'auto' } });
  assert.equal(await setback(), 30_000);
  assert.equal(
    sink.status().problem,
    'the server is InfluxDB 2, and version 2 needs bucket, org, token (or tokenFile)',
  );
  assert.equal(store.waiting, 20);
});

test('auto asks for the version again when the endpoint is gone: the server was upgraded', async (t) => {
  const version =
    (text: string): Behaviour =>
    ({ path }) => {
      if (path === '/ping') return { status: 204, headers: { 'x-influxdb-version': text } };
      const isMine = path.startsWith(text.startsWith('1') ? '/write' : '/api/v3');
      return { status: isMine ? 204 : 404 };
    };
  const { influx, clock, store, delivered, setback } = await rig(t, {
    behaviour: version('1.8.10'),
    options: { version: 'auto' },
  });
  await delivered();
  influx.behave(version('3.0.1'));
  store.append(points(5, 100));
  await clock.sleeping((ms) => ms === 600_000);
  clock.advance(600_000);
  assert.equal(await setback(), 30_000);
  clock.advance(30_000);
  await delivered();
  assert.match(influx.requests.at(-1)!.path, /^\/api\/v3/);
  influx.behave(accepts);
});
