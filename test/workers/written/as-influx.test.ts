import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Refusals } from '../../../workers/contract/refusals.ts';
import { Admission } from '../../../workers/written/admission.ts';
import { LineReader } from '../../../workers/written/line-reader.ts';
import { influxQuery, startInflux, type TestServer } from '../../support/servers.ts';
import { randomNumbers } from '../store/random.ts';
import '../../support/watchdog.ts';

let influx: TestServer;
before(async () => {
  influx = await startInflux();
});
after(() => influx.remove());

const timeMs = Date.UTC(2026, 0, 31);
const t = ` ${timeMs}`;

/** Points as JSON of measurement, tags, numeric fields and time; and whether any line was refused. */
interface Outcome {
  readonly isRefused: boolean;
  readonly points: readonly string[];
}

type Fields = Record<string, number>;

const sorted = (entries: object) => Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));

async function theirs(body: string, database: string): Promise<Outcome> {
  await influxQuery(influx.url, `CREATE DATABASE ${database}`);
  const answer = await fetch(`${influx.url}/write?db=${database}&precision=ms`, { method: 'POST', body });
  const series = await influxQuery(influx.url, 'SELECT * FROM /.*/ GROUP BY *', database);
  await influxQuery(influx.url, `DROP DATABASE ${database}`);
  const points = series.flatMap(({ name, tags = {}, columns, values }) =>
    values.flatMap((row) => {
      const fields: Fields = {};
      columns.forEach((column, i) => {
        const value = row[i];
        if (i > 0 && value !== null && typeof value !== 'string') fields[column] = Number(value);
      });
      const carried = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
      // Texts are not compared.
      return Object.keys(fields).length === 0
        ? []
        : [JSON.stringify([name, sorted(carried), sorted(fields), row[0]])];
    }),
  );
  return { isRefused: answer.status !== 204, points: points.sort() };
}

function ours(body: string): Outcome {
  const refusals = new Refusals();
  const settings = {
    precision: 'ms',
    commonTags: {},
    nowMs: timeMs,
    oldestMs: 0,
    newestMs: 9_000_000_000_000,
  } as const;
  const { points } = new LineReader(new Admission()).read(Buffer.from(body), 0, 1000, settings, refusals);
  const merged = new Map<string, { key: readonly unknown[]; fields: Fields; timeMs: number }>();
  for (const point of points) {
    const { measurement, tags, fields } = point.layout.points[0]!;
    const key = [measurement, sorted(tags)];
    const id = JSON.stringify([key, point.timeMs]);
    const row = merged.get(id) ?? { key, fields: {}, timeMs: point.timeMs };
    merged.set(id, row);
    fields.forEach((field, i) => {
      row.fields[field] = point.values[i]!;
    });
  }
  const texts = [...merged.values()].map(({ key, fields, timeMs }) =>
    JSON.stringify([...key, sorted(fields), timeMs]),
  );
  const isRefused = Object.keys(refusals.reasons).length > 0;
  return { isRefused, points: texts.sort() };
}

let databases = 0;

/** Some at once: each takes several requests. */
async function compare(bodies: readonly string[]): Promise<void> {
  for (let from = 0; from < bodies.length; from += 8) {
    await Promise.all(
      bodies.slice(from, from + 8).map(async (body) => {
        const expected = await theirs(body, `d${databases++}`);
        assert.deepEqual(ours(body), expected, JSON.stringify(body));
      }),
    );
  }
}

const numbers =
  `1 1i -1i 1. .5 -.5 1e5 1E+5 1e 1e999 1e-999 +1 NaN nan inf -inf - . -. 1.1.1 1ii 1i2 i -i 1.5i 1e5i
  9223372036854775807i 9223372036854775808i -9223372036854775808i -9223372036854775809i 0x10 1_0 00012 1.e5 .e5
  t T true True TRUE f F false False FALSE tRUE x`.split(/\s+/);

test('numbers and booleans are taken and refused as InfluxDB does', () =>
  compare(numbers.map((value) => `m v=${value}${t}`)));

const lines = [
  `m v="text"${t}`,
  `m v="te\nxt",w=1${t}\nm2 v=2${t}`,
  `m v="a\\"b",w=1${t}`,
  `m v="a\\\\",w=1${t}`,
  `m v="a,b=c d",w=1${t}`,
  `m v="unbalanced,w=1${t}`,
  `m v=1${t}\r\nm w=2${t}\r\n`,
  `m v=1${t} `,
  `m v=1${t} x`,
  `m  v=1  ${timeMs}`,
  `  m v=1${t}`,
  `\tm v=1${t}`,
  `m\tv=1${t}`,
  `#m v=1${t}`,
  `  # x\nm v=1${t}`,
  `\\#m v=1${t}`,
  '\n\n',
  'm',
  'm ',
  'm v',
  'm v=',
  `m =1${t}`,
  `m v=,w=1${t}`,
  `m v=1,${t}`,
  `m v=1,w${t}`,
  `m ,v=1${t}`,
  `,t=1 v=1${t}`,
  `m, v=1${t}`,
  `m,t v=1${t}`,
  `m,t= v=1${t}`,
  `m,=a v=1${t}`,
  `m,t=a,t=b v=1${t}`,
  `m,b=1,a=2 v=1${t}`,
  `m,b=1,a=2,b=3 v=1${t}`,
  `m,t=a=b v=1${t}`,
  `m,t=a\\=b v=1${t}`,
  `m,t\\ x=a\\,b\\ c v=1${t}`,
  `m\\ x\\,y v=1${t}`,
  `m\\=x v=1${t}`,
  `m\\"x v=1${t}`,
  `m=x v=1${t}`,
  `m"x" v=1${t}`,
  `m v\\ x=1,v\\,y=2,v\\=z=3${t}`,
  `m v\\"x=1${t}`,
  `m "v"=1${t}`,
  `m "v x"=1${t}`,
  `m v\\x=1${t}`,
  `m\\x,t\\y=z\\w v=1${t}`,
  `m,t=a\\\\ v=1${t}`,
  `m,t=a\\ v=1${t}`,
  `m v=1,v=2${t}`,
  `m v=1 1.5`,
  `m v=1 12e3`,
  `m v=1 -`,
  `m v=1 99999999999999999999`,
  `m time=1,v=2${t}`,
  `m,time=a v=1${t}`,
  `m v=1${t}\nbad\nm w=2${t}`,
  'bad\nworse',
  `m,été=ü wört=1${t}`,
  `m,t=日本 v=1${t}`,
  `m v\\\nx=1${t}`,
  `m,t=a\\\nb v=1${t}`,
  `m,t="a b" v=1${t}`,
  `m v="a"b${t}`,
  `m v="a"1,w=2${t}`,
  `m v=1"a"${t}`,
  `m v=t"a"${t}`,
  `m v=1 w=2${t}`,
  `m v= 1${t}`,
  `m,a=b\\,c=d v=1${t}`,
  `m v=1,\\,c=2${t}`,
  `m \\ v=1${t}`,
];

test('lines are taken apart and refused as InfluxDB does', () => compare(lines));

test('lines with letters that were changed, added and left out are read as InfluxDB reads them', async () => {
  const random = randomNumbers(11);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  const letters = [' ', ',', '=', '\\', '"', '\n', 'a', '1', 'i', '-', '.', 'e', 't', '#', '\r', 'é', '+'];
  const changed = (line: string) => {
    // Times are left alone: far away ones are not ours to store.
    const end = line.lastIndexOf(t);
    const at = Math.floor(random() * end);
    const how = random();
    if (how < 0.4) return line.slice(0, at) + pick(letters) + line.slice(at);
    return line.slice(0, at) + (how < 0.7 ? '' : pick(letters)) + line.slice(at + 1);
  };
  const good = [
    `m,a=b,c=d v=1,w=2i,s="x y",b=t${t}`,
    `m,a\\ x=b\\,c v\\=1=1.5e3,s="a\\"b\nc"${t}\nn w=3${t}`,
    ...lines.filter((line) => line.endsWith(t) && !line.includes('time') && !line.includes('\t')),
  ];
  const bodies = Array.from({ length: 160 }, () => {
    let line = pick(good);
    for (let times = 1 + Math.floor(random() * 2); times > 0; times--) line = changed(line);
    return line;
  });
  await compare(bodies);
});
