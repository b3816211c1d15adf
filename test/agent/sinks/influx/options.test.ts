import assert from 'node:assert/strict';
import { test } from 'node:test';
import { influxOptions } from '../../../../agent/sinks/influx/options.ts';

const url = 'http://127.0.0.1:8086';

function problems(...destinations: object[]): string[] {
  const { error } = influxOptions.safeParse(destinations);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('no destinations is the default', () => {
  assert.deepEqual(influxOptions.parse(undefined), []);
});

test('the shortest destination names its URL and database', () => {
  assert.deepEqual(influxOptions.parse([{ url, database: 'crm' }]), [
    {
      name: 'influx',
      url,
      version: 'auto',
      database: 'crm',
      flushInterval: 10_000,
      maxPointsPerSecond: 20_000,
    },
  ]);
});

test('the version may be written as a number or as text', () => {
  for (const version of [1, '1']) {
    assert.equal(influxOptions.parse([{ url, database: 'crm', version }])[0]?.version, 1);
  }
});

const v2 = { url, version: 2, bucket: 'b', org: 'o', token: 't' };
const wrong: [name: string, destination: object, problem: string][] = [
  ['1 without database', { url, version: 1 }, '0.version: version 1 needs database'],
  ['2 with nothing', { url, version: 2 }, '0.version: version 2 needs bucket, org, token (or tokenFile)'],
  ['3 without database', { url, version: 3, token: 't' }, '0.version: version 3 needs database'],
  ['2 with a database', { ...v2, database: 'd' }, '0.database: version 2 has no database'],
  ['1 with a bucket', { url, version: 1, database: 'd', bucket: 'b' }, '0.bucket: version 1 has no bucket'],
  [
    'auto with neither',
    { url },
    '0.version: give database (versions 1 and 3), or bucket, org and token (version 2)',
  ],
  ['another version', { url, database: 'd', version: 4 }, '0.version: expected 1, 2, 3 or auto'],
  ['both tokens', { ...v2, tokenFile: 'f' }, '0.tokenFile: give token or tokenFile, not both'],
  [
    'both passwords',
    { url, database: 'd', user: 'u', password: 'p', passwordFile: 'f' },
    '0.passwordFile: give password or passwordFile, not both',
  ],
  ['a user alone', { url, database: 'd', user: 'u' }, '0.user: user needs password or passwordFile'],
  ['a password alone', { url, database: 'd', passwordFile: 'f' }, '0.password: password needs user'],
  [
    'a user and a token',
    { url, database: 'd', user: 'u', password: 'p', token: 't' },
    '0.user: give user and password, or a token, not both',
  ],
  [
    'credentials in the URL',
    { url: 'http://u:p@127.0.0.1:8086', database: 'd' },
    '0.url: credentials do not belong into the URL; use user and passwordFile, or tokenFile',
  ],
  [
    'an endpoint as URL',
    { ...v2, url: `${url}/api/v2/write` },
    '0.url: expected the address of the server without /api/v2/write; the agent adds the path itself',
  ],
  [
    'a query in the URL',
    { url: `${url}/?db=x`, database: 'd' },
    '0.url: expected a URL without ? and #; database, bucket and the rest have keys of their own',
  ],
  [
    'another protocol',
    { url: 'localhost:8086', database: 'd' },
    '0.url: expected a URL such as http://127.0.0.1:8086 or https://influx.example.org',
  ],
  ['an unknown key', { url, database: 'd', db: 'x' }, '0: Unrecognized key: "db"'],
];
for (const [name, destination, problem] of wrong) {
  test(`${name} is refused`, () => {
    assert.deepEqual(problems(destination), [problem]);
  });
}

test('a token file stands for the token', () => {
  assert.deepEqual(problems({ ...v2, token: undefined, tokenFile: '/run/secrets/influx' }), []);
});

test('two destinations of one name are refused', () => {
  const one = { url, database: 'd' };
  assert.deepEqual(problems(one, one), [
    '1.name: another destination is named "influx" already; give each its own name',
  ]);
  assert.deepEqual(problems(one, { ...one, name: 'other' }), []);
});
