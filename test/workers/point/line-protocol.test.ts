import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LineWriter } from '../../../workers/point/line-protocol.ts';
import { buildLayout, type Tags } from '../../../workers/point/point.ts';
import { influxQuery, startInflux, type TestServer } from '../../support/servers.ts';

let influx: TestServer;
before(async () => {
  influx = await startInflux();
});
after(() => influx.remove());

function line(tags: Tags, fields: Record<string, number>, measurement = 'm', prefix = ''): string {
  const layout = buildLayout([{ measurement, tags, fields: Object.keys(fields) }]);
  return new LineWriter(layout, prefix).line(0, Float64Array.from(Object.values(fields)), 1000);
}

async function write(lines: string): Promise<void> {
  const answer = await fetch(`${influx.url}/write?db=test&precision=ms`, { method: 'POST', body: lines });
  assert.equal(answer.status, 204, await answer.text());
}

test('tags are written in the order of their names and fields in the order of the layout', () => {
  assert.equal(line({ b: '2', a: '1' }, { y: 1.5, x: -2 }), 'm,a=1,b=2 y=1.5,x=-2 1000\n');
});

test('a prefix stands before the measurement', () => {
  assert.equal(line({}, { x: 1 }, 'm', 'nova_'), 'nova_m x=1 1000\n');
});

test('unknown and infinite fields are left out, and a point without fields has no line', () => {
  assert.equal(line({}, { a: Number.NaN, b: 1, c: Infinity }), 'm b=1 1000\n');
  assert.equal(line({}, { a: Number.NaN, b: -Infinity }), '');
});

test('numbers keep every digit, from the smallest to the largest', () => {
  const numbers = [5e-324, 1.7976931348623157e308, 2 ** 53 + 2, 0.1 + 0.2, -0, 1e21, 123456789.123];
  const written = line({}, Object.fromEntries(numbers.map((number, i) => [`f${i}`, number])));
  const fields = written.split(' ')[1]!.split(',');
  assert.deepEqual(
    fields.map((field) => Number(field.split('=')[1])),
    numbers.map((number) => (number === 0 ? 0 : number)),
  );
});

test('any text as a tag value comes back equal from InfluxDB, one line a point', async () => {
  const texts = [
    'plain',
    'with space',
    'a,b=c',
    'quote"d',
    "single'",
    'back\\slash',
    'back\\,slash',
    'x\\=y',
    '#hash',
    'é😀漢字',
    'tab\there',
    'x 1 v=2',
    ' lead',
    'trail ',
    '\u0000nul',
    '<script>',
  ];
  await write(texts.map((t, i) => line({ t }, { v: i }, 'texts')).join(''));
  const [series] = await influxQuery(influx.url, 'SELECT v, t FROM texts');
  const byValue = new Map(series!.values.map(([, v, t]) => [v, t]));
  assert.deepEqual(
    texts.map((_, i) => byValue.get(i)),
    texts,
  );
});

test('what the format cannot carry becomes letters: line breaks and a backslash at the end', async () => {
  await write(line({ t: 'two\nlines\r' }, { v: 1 }, 'rules') + line({ t: 'end\\\\' }, { v: 2 }, 'rules'));
  const [series] = await influxQuery(influx.url, 'SELECT v, t FROM rules');
  const values = new Map(series!.values.map(([, v, t]) => [v, t]));
  assert.equal(values.get(1), 'two\\nlines\\r');
  assert.equal(values.get(2), 'end⧵⧵');
});

test('odd names of measurements, tags and fields come back equal', async () => {
  await write(line({ 'tag, =name': 'x' }, { 'field, =name': 7 }, 'odd, name'));
  const [series] = await influxQuery(influx.url, 'SELECT * FROM "odd, name"');
  assert.deepEqual(series!.columns, ['time', 'field, =name', 'tag, =name']);
  assert.deepEqual(series!.values, [[1000, 7, 'x']]);
});

test('what InfluxDB 1.x would read differently in a measurement or field name is written so that it comes back', async () => {
  const names = ['\tm', '\0m', 'a\\,b', 'a\\ b', 'a\\=b', 'a\\"b', 'a\\\\,b', 'a\\b', 'a,b c=d"e'];
  const written = ['\\tm', '\\0m', 'a⧵,b', 'a⧵ b', 'a⧵=b', 'a⧵"b', 'a⧵⧵,b', 'a\\b', 'a,b c=d"e'];
  const lines = names.map((name, i) => line({ odd: `${i}` }, { [name]: i + 1 }, `odd-${name}`));
  await write([...lines, ...names.map((name) => line({ start: 'x' }, { v: 1 }, name))].join(''));
  const fields = await influxQuery(influx.url, 'SELECT * FROM /^odd-/ GROUP BY odd');
  for (const { name, tags, columns, values } of fields) {
    const i = Number(tags!.odd);
    assert.equal(name, `odd-${i < 2 ? names[i] : written[i]}`);
    assert.deepEqual(
      columns.filter((column, at) => column !== 'time' && values[0]![at] !== null),
      [written[i]],
    );
  }
  assert.equal(fields.length, names.length);
  const starts = await influxQuery(influx.url, `SELECT v FROM /.*/ WHERE "start" = 'x'`);
  assert.deepEqual(starts.map(({ name }) => name).sort(), [...written].sort());
});
