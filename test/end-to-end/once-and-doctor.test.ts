import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { catalogue, type MeasurementEntry } from '../../workers/point/catalogue.ts';
import { type RunResult, runAgent, startAgent, writeConfig } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import {
  freePort,
  influxQuery,
  startInflux,
  startRedis,
  type TestServer,
  temporaryFolder,
  untilTrue,
} from '../support/servers.ts';
import '../support/watchdog.ts';

/** One look at a host with a real Redis with BullMQ queues and a real InfluxDB: by `once`, by `doctor`, and by `run`. */
let built: BuiltAgent;
let folder: string;
let redis: TestServer;
let influx: TestServer;
let closed: number;
let worker: Worker;
let queue: Queue;

before(async () => {
  [built, folder, redis, influx, closed] = await Promise.all([
    buildAgent(),
    temporaryFolder(),
    startRedis(),
    startInflux(),
    freePort(),
  ]);
  const connection = { host: '127.0.0.1', port: redis.port };
  queue = new Queue('emails', { connection });
  worker = new Worker('emails', async () => {}, { connection });
  await queue.addBulk(Array.from({ length: 20 }, () => ({ name: 'job', data: {} })));
  await queue.add('later', {}, { delay: 3_600_000 });
  await untilTrue(async () => assert.equal((await queue.getJobCounts('completed')).completed, 20));
});

after(async () => {
  await worker?.close();
  await queue?.close();
  await redis?.remove();
  await influx?.remove();
  await built?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const run = (...args: string[]): Promise<RunResult> => runAgent(args, built);

const watched = { processes: [{ name: 'self', pid: process.pid }] };
const influxTo = (url: string) => [{ name: 'main', url, version: 1, database: 'test' }];

interface Line {
  readonly measurement: string;
  readonly tags: readonly string[];
  readonly fields: readonly string[];
}

/** Names in line protocol; the lines of these tests hold nothing that needs an escape. */
function parseLines(text: string): Line[] {
  const names = (part: string) => part.split(',').map((pair) => pair.split('=')[0]!);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const parts = /^([^ ,\\]+)(?:,([^ \\]+))? ([^ \\]+) \d+$/.exec(line);
      assert.ok(parts, line);
      return { measurement: parts[1]!, tags: names(parts[2]!), fields: names(parts[3]!) };
    });
}

function assertInCatalogue(lines: readonly Line[], commonTags: readonly string[]): void {
  for (const { measurement, tags, fields } of lines) {
    const entry: MeasurementEntry | undefined = (catalogue as Record<string, MeasurementEntry>)[measurement];
    assert.ok(entry, measurement);
    for (const field of fields) assert.ok(field in entry.fields, `${measurement} ${field}`);
    for (const tag of tags) {
      assert.ok(tag in entry.tags || commonTags.includes(tag), `${measurement} tag ${tag}`);
    }
  }
}

describe('once', () => {
  test('prints line protocol alone, which a real InfluxDB takes, and exits 0', async () => {
    const config = await writeConfig(join(folder, 'once'), {
      ...watched,
      queues: [{ name: 'main', redis: redis.url }],
    });
    const { code, stdout, stderr } = await run('once', '-c', config);
    assert.equal(code, 0, stderr);
    const lines = parseLines(stdout);
    const measured = new Set(lines.map(({ measurement }) => measurement));
    assert.deepEqual([...measured].sort(), [
      'agent',
      'disk',
      'process',
      'queue',
      'redis',
      'snapshot',
      'system',
    ]);
    assertInCatalogue(lines, ['host']);
    const answer = await fetch(`${influx.url}/write?db=test&precision=ms`, { method: 'POST', body: stdout });
    assert.equal(answer.status, 204, await answer.text());
    const [series] = await influxQuery(influx.url, 'SELECT cpu_usage_percent FROM system');
    assert.equal(series!.values.length, 1);
  });

  test('a named Redis that is absent is said on standard error, all else is printed, and it exits 1', async () => {
    const config = await writeConfig(join(folder, 'once-absent'), {
      ...watched,
      queues: [{ name: 'main', redis: `redis://bob:secret@127.0.0.1:${closed}` }],
    });
    const { code, stdout, stderr } = await run('once', '-c', config);
    assert.equal(code, 1);
    const measured = new Set(parseLines(stdout).map(({ measurement }) => measurement));
    assert.deepEqual([...measured].sort(), ['agent', 'disk', 'process', 'snapshot', 'system']);
    assert.match(stderr, /warn queues\/main: .*ECONNREFUSED/);
    assert.doesNotMatch(stderr, /secret/);
  });

  test('nothing is written to Redis or to disk', async () => {
    const place = join(folder, 'once-silent');
    const config = await writeConfig(place, {
      ...watched,
      queues: [{ redis: redis.url }],
      redis: { url: redis.url },
    });
    await assertUnchanged(() => run('once', '-c', config));
    await assert.rejects(rm(join(place, 'data')), { code: 'ENOENT' });
  });
});

/** Every key of Redis and what it holds are the same after `work`; a worker renews one marker by itself. */
async function assertUnchanged(work: () => Promise<unknown>): Promise<void> {
  const client = new Redis(redis.url);
  try {
    const state = async () => {
      const keys = (await client.keys('*')).filter((key) => !key.endsWith(':stalled-check')).sort();
      return Promise.all(keys.map(async (key) => [key, (await client.dump(key))?.toString()]));
    };
    const before = await state();
    assert.ok(before.length > 0);
    await work();
    assert.deepEqual(await state(), before);
  } finally {
    client.disconnect();
  }
}

describe('doctor', () => {
  test('says ok to every part, agrees with BullMQ and changes no key', async () => {
    const config = await writeConfig(join(folder, 'doctor'), {
      ...watched,
      http: { port: await freePort() },
      queues: [{ name: 'main', redis: redis.url }],
      redis: { url: redis.url },
      influx: influxTo(influx.url),
    });
    let result: RunResult | undefined;
    await assertUnchanged(async () => {
      result = await run('doctor', '-c', config);
    });
    const { code, stdout, stderr } = result!;
    assert.equal(code, 0, stdout);
    assert.equal(stderr, '');
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines) assert.match(line, /^ok {4}/);
    for (const part of [
      'configuration',
      'data directory',
      'store: none yet',
      'agent: not running',
      'host',
      'disk',
      'process/self',
      'queues/main: 1 queues can be read',
      'queues/main/bull:emails: counts agree with BullMQ',
      'influx/main: InfluxDB 1 takes writes to database test',
      'redis: answers',
      'intake: services can connect at ',
      'http',
    ]) {
      assert.ok(
        lines.some((line) => line.startsWith(`ok    ${part}`)),
        `${part}\n${stdout}`,
      );
    }
  });

  test('says FAIL and how to mend it for every part that fails, tells no password and exits 1', async () => {
    const place = join(folder, 'doctor-fails');
    const gone = `redis://bob:secret@127.0.0.1:${closed}`;
    const config = await writeConfig(place, {
      agent: { dataDir: join(place, 'a-file', 'data') },
      processes: [{ name: 'self', pidFile: './nowhere.pid' }],
      http: { port: redis.port },
      intake: { socket: join(place, 'agent.yml') },
      queues: [{ name: 'main', redis: gone }],
      redis: { url: gone },
      influx: [
        ...influxTo(`http://127.0.0.1:${closed}`),
        { name: 'other', url: influx.url, version: 1, database: 'absent', user: 'u', password: 'secret' },
      ],
    });
    await writeFile(join(place, 'a-file'), '');
    const { code, stdout } = await run('doctor', '-c', config);
    assert.equal(code, 1);
    for (const line of [
      /^FAIL {2}data directory: .*; set agent\.dataDir or --data-dir/m,
      /^FAIL {2}process\/self: .*nowhere\.pid/m,
      /^FAIL {2}queues\/main: .*ECONNREFUSED.*; check queues\[\]\.redis/m,
      /^FAIL {2}redis: .*ECONNREFUSED.*; check redis\.url/m,
      /^FAIL {2}influx\/main: connection refused: is InfluxDB running there\?/m,
      /^FAIL {2}influx\/other: .*absent/m,
      /^FAIL {2}http: .* is taken: pid \d+ \(redis-server .*; choose another with http\.port or --http/m,
      /^FAIL {2}intake: .*agent\.yml is not a socket; move it away or name another intake\.socket/m,
      /^ok {4}host/m,
    ]) {
      assert.match(stdout, line);
    }
    assert.doesNotMatch(stdout, /secret/);
  });

  test('works beside a running agent', async () => {
    const agent = await startAgent(
      { ...watched, queues: false, agent: { interval: '500ms' } },
      { folder: join(folder, 'doctor-beside'), main: built.main },
    );
    try {
      const { code, stdout } = await run('doctor', '-c', agent.configFile);
      assert.equal(code, 0, stdout);
      assert.ok(
        stdout.includes(`agent: runs on this data directory, pid ${agent.process.pid}, ${agent.url}`),
        stdout,
      );
      assert.match(stdout, /^ok {4}store: can be read, \d+ series/m);
    } finally {
      await agent.stop('SIGKILL');
    }
  });
});

test('everything that a run stores has the names and tags of the catalogue', async () => {
  const agent = await startAgent(
    {
      ...watched,
      agent: { interval: '1s', tags: { host: 'a', env: 'test' } },
      queues: [
        { name: 'main', redis: redis.url },
        { name: 'gone', redis: `redis://127.0.0.1:${closed}` },
      ],
      redis: { url: redis.url },
      influx: [
        { ...influxTo(influx.url)[0], flushInterval: '1s' },
        { ...influxTo(influx.url)[0], name: 'removed', database: 'absent', flushInterval: '1s' },
      ],
    },
    { folder: join(folder, 'catalogue'), main: built.main },
  );
  try {
    // The tags of a destination that refuses, of a source that is gone, and what is read every 10 s alone.
    await untilTrue(async () => assert.ok(Number((await agent.ready()).parts[0]!.ticks) > 13), 60_000);
    const { code, stdout } = await run('export', '-c', agent.configFile);
    assert.equal(code, 0);
    const lines = parseLines(stdout);
    assertInCatalogue(lines, ['host', 'env']);
    const found = new Set(
      lines.flatMap(({ measurement, fields }) => fields.map((field) => `${measurement} ${field}`)),
    );
    for (const name of [
      'queue completed_total',
      'queue workers',
      'redis latency_ms',
      'agent points_delivered_total',
    ]) {
      assert.ok(found.has(name), name);
    }
  } finally {
    await agent.stop('SIGKILL');
  }
});
