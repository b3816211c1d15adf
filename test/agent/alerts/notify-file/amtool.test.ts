import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { loadNotifyFile } from '../../../../agent/alerts/notify-file/notify-file.ts';
import { RouteTree } from '../../../../workers/routing/route-tree.ts';

/** Where the real Alertmanager's tool and this reader must agree; amtool of Debian (prometheus-alertmanager). */

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notify-'));
});
after(() => rm(folder, { recursive: true }));

function amtool(...args: string[]): Promise<{ isGood: boolean; output: string; problems: string }> {
  return new Promise((resolve, reject) => {
    execFile('amtool', args, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT')
        reject(new Error('amtool is missing: apt install prometheus-alertmanager'));
      else resolve({ isGood: !error, output: stdout, problems: stdout + stderr });
    });
  });
}

/** Mulberry32. */
function randomOf(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { below, pick: <T>(list: readonly T[]): T => list[below(list.length)]! };
}

const valid = () => ({
  global: { resolve_timeout: '5m', smtp_smarthost: 'localhost:25', smtp_from: 'a@b.example' },
  route: {
    receiver: 'team',
    group_by: ['alertname', 'queue'],
    group_wait: '10s',
    routes: [
      { matchers: ['severity="critical"', 'team=~"a|b"'], receiver: 'page', continue: true },
      {
        match: { team: 'a' },
        match_re: { queue: 'mail.*' },
        group_by: ['...'],
        mute_time_intervals: ['night'],
        routes: [{ matchers: ['queue!=mail'], repeat_interval: '1h30m', active_time_intervals: ['day'] }],
      },
    ],
  },
  receivers: [
    {
      name: 'team',
      webhook_configs: [{ url: 'http://127.0.0.1:5001/', send_resolved: false, max_alerts: 3 }],
      email_configs: [{ to: 'x@y.example', headers: { Subject: 'x' } }],
    },
    { name: 'page', pagerduty_configs: [{ routing_key: 'k' }] },
  ],
  inhibit_rules: [
    { source_match: { severity: 'critical' }, target_matchers: ['severity="warning"'], equal: ['queue'] },
  ],
  time_intervals: [
    {
      name: 'night',
      time_intervals: [
        { times: [{ start_time: '22:00', end_time: '24:00' }], weekdays: ['monday:friday', 'sunday'] },
        { days_of_month: ['1:5', '-3:-1'], months: ['january:march', '12'], years: ['2026'] },
      ],
    },
  ],
  mute_time_intervals: [
    { name: 'day', time_intervals: [{ times: [{ start_time: '06:00', end_time: '22:00' }] }] },
  ],
});

type Container = Record<string | number, unknown>;

/** Every place in the file: its container and key. */
function placesOf(value: unknown): { container: Container; key: string | number }[] {
  if (typeof value !== 'object' || value === null) return [];
  const keys: (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return keys.flatMap((key) => [
    { container: value as Container, key },
    ...placesOf((value as Container)[key]),
  ]);
}

const values = [
  ...['', 'team', 'page', 'nobody', 'night', 'x', '0s', '5m', '1h1m', '1m1h', '-5m', '1.5h', '5'],
  ...[
    'a=b',
    'a=~"("',
    '=b',
    'a',
    '{a="b"}',
    '25:00',
    '08:00',
    '24:00',
    '0',
    '31',
    '32',
    '-31',
    '5:1',
    '-1:5',
  ],
  ...['monday', 'mon', 'sunday:monday', 'march', '13', 'http://x.example', 'ftp://x', '...', 'a b', '1a'],
  ...[0, 3, true, false, null, [], {}, ['a'], ['a', 'a'], [{}], { a: 'b' }, { a: null }],
];

function mutate(config: unknown, { below, pick }: ReturnType<typeof randomOf>): void {
  const { container, key } = pick(placesOf(config));
  const kind = below(5);
  if (kind === 0) {
    if (Array.isArray(container)) container.splice(Number(key), 1);
    else delete container[key];
  } else if (kind === 1 && !Array.isArray(container)) {
    container[`${key}${pick(['x', 's', ''])}`] = container[key];
    if (below(2) === 0) delete container[key];
  } else if (kind === 2 && Array.isArray(container)) {
    container.push(structuredClone(container[Number(key)]));
  } else {
    // An entry of a list that is nothing is refused here and a zero value there.
    const value = pick(values);
    container[key] = value === null && Array.isArray(container) ? '' : structuredClone(value);
  }
}

describe('amtool check-config', () => {
  test('gives the same verdict on 150 files with mistakes and without', async () => {
    const random = randomOf(20260);
    const texts = Array.from({ length: Number(process.env.FILES ?? 150) }, () => {
      const config = valid();
      for (let i = random.below(2); i >= 0; i--) mutate(config, random);
      return stringify(config);
    });
    const differences: string[] = [];
    let good = 0;
    for (const [i, text] of texts.entries()) {
      const file = join(folder, `${i}.yml`);
      await writeFile(file, text);
      const theirs = await amtool('check-config', file);
      const ours = await loadNotifyFile(file, { env: {}, cwd: folder }).then(
        () => '',
        (error: Error) => error.message,
      );
      // Debian's is of before UTF-8 names.
      if (/not a valid label name|in group_by list/.test(theirs.problems)) continue;
      if (theirs.isGood) good++;
      if (theirs.isGood !== (ours === ''))
        differences.push(`${text}\nAMTOOL ${theirs.isGood} ${theirs.problems}\nOURS ${ours}`);
    }
    assert.ok(good > 15, `${good} are good`);
    assert.ok(
      differences.length === 0,
      `${differences.length} differ\n${differences.slice(0, 12).join('\n=====\n')}`,
    );
  });
});

describe('amtool config routes test', () => {
  test('sends alerts to the same receivers through random trees', async () => {
    const random = randomOf(7);
    const labels = ['a', 'b', 'c'];
    const someValues = ['', '1', '2', '12'];
    const matcher = () =>
      `${random.pick(labels)}${random.pick(['=', '!=', '=~', '!~'])}"${random.pick([...someValues, '1|2', '.+', '1.*'])}"`;
    let names = 0;
    const routeOf = (depth: number): Container => ({
      receiver: `r${names++}`,
      matchers: Array.from({ length: 1 + random.below(2) }, matcher),
      continue: random.below(2) === 0,
      routes: depth === 0 ? [] : Array.from({ length: random.below(4) }, () => routeOf(depth - 1)),
    });
    for (let tree = 0; tree < 8; tree++) {
      names = 1;
      const route = { receiver: 'r0', routes: Array.from({ length: 3 }, () => routeOf(2)) };
      const receivers = Array.from({ length: names }, (_, i) => ({ name: `r${i}` }));
      const file = join(folder, `tree${tree}.yml`);
      await writeFile(file, stringify({ route, receivers }));
      const { routing } = await loadNotifyFile(file, { env: {}, cwd: folder });
      const routes = new RouteTree(routing.route);
      for (let i = 0; i < 8; i++) {
        const pairs = labels.map((name) => [name, random.pick(someValues)] as const);
        const given = Object.fromEntries(pairs.filter(([, value]) => value !== ''));
        const args = Object.entries(given).map(([name, value]) => `${name}=${value}`);
        const { output } = await amtool('config', 'routes', 'test', '--config.file', file, ...args);
        const ours = routes.matching(given).map(({ receiver }) => receiver);
        assert.equal(ours.join(','), output.trim(), `${stringify(route)}\n${args}`);
      }
    }
  });
});
