import { join } from 'node:path';
import { openReader, type StepRange } from '../../workers/store/reader.ts';
import { influxQuery, type TestServer } from '../support/servers.ts';
import { atMost, median, type Row, valueAtMost } from './row.ts';
import { SignalSource } from './signals.ts';
import { fillBoth } from './store-filling.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const bytesLimit = 3;
const monthDays = 30;
const oursRounds = 50;
const peerRounds = 5;
const warmUpRounds = 30;
/** p95 of a histogram, and of a rank that may be the next one. */
const quantileTolerance = 0.05;

const measurement = 'system';
const field = 'cpu_usage_percent';

interface Question extends StepRange {
  readonly path: string;
  readonly url: string;
  readonly database: string;
}

/** Bytes a value of a day of an agent's output, and the time that questions about one series take. */
export async function* storeQueries(folder: string, influx: TestServer): AsyncGenerator<Row> {
  const endMs = Math.floor(Date.now() / dayMs) * dayMs;
  const { url } = influx;

  const dayStart = endMs - dayMs;
  const day = { path: join(folder, 'day.db'), url, database: 'day', startMs: dayStart, endMs };
  const source = new SignalSource(5);
  const sizes = await fillBoth(day, influx, source);
  const sizeMeasure = `bytes a field value at rest, a day of ${source.layout.width} series`;
  yield valueAtMost('store', sizeMeasure, sizes.ours, ['InfluxDB', sizes.peer], bytesLimit);
  yield await compare('24 h of a series to 300 buckets, ms', { ...day, stepMs: dayMs / 300 }, 1 / 20);

  const startMs = endMs - monthDays * dayMs;
  const month = { path: join(folder, 'month.db'), url, database: 'month', startMs, endMs };
  await fillBoth(month, influx, new SignalSource(0, { measurement, fields: [field] }));
  const chunks = { ...month, stepMs: (monthDays * dayMs) / 300 };
  yield await compare('30 days to 300 buckets from chunks, ms', chunks, 1 / 50);
  const hours = { ...month, stepMs: 2 * hourMs };
  yield await compare('30 days to 360 buckets from hours, ms', hours, 1 / 500);
}

/** Mean, maximum and 95th percentile of each step, by both; throws when they do not agree. */
async function compare(measure: string, question: Question, target: number): Promise<Row> {
  const reader = openReader(question.path);
  const ids = reader.series({ measurement, field }).map(({ id }) => id);
  const askUs = () => {
    const [found] = reader.buckets(ids, question, true);
    const { counts, sums, maxima, sketches } = found!;
    return Array.from(counts, (count, i) => [
      sums[i]! / count,
      maxima[i]!,
      sketches![i]?.quantile(0.95) ?? Number.NaN,
    ]);
  };
  const { url, database, startMs, endMs, stepMs } = question;
  const text = `SELECT mean("${field}"), max("${field}"), percentile("${field}", 95) FROM "${measurement}"
    WHERE time >= ${startMs}ms AND time < ${endMs}ms
    GROUP BY time(${stepMs}ms, ${startMs % stepMs}ms)`;
  const askPeer = async () => {
    const [series] = await influxQuery(url, text, database);
    return series!.values.map((row) => row.slice(1).map(Number));
  };
  try {
    // The first answers are compared, not timed; after some more both are warm.
    assertAgreement(measure, askUs(), await askPeer());
    for (let i = 0; i < warmUpRounds; i++) askUs();
    await askPeer();
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < peerRounds; round++) {
      for (let i = 0; i < oursRounds / peerRounds; i++) ours.push(await took(askUs));
      theirs.push(await took(askPeer));
    }
    return atMost('store', measure, median(ours), ['InfluxDB', median(theirs)], target);
  } finally {
    reader.close();
  }
}

async function took(work: () => unknown): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function assertAgreement(
  measure: string,
  ours: readonly (readonly number[])[],
  theirs: readonly (readonly number[])[],
): void {
  const agree = (a = Number.NaN, b = Number.NaN, tolerance = 1e-9) =>
    Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));
  const differs = theirs.findIndex((row, i) => {
    const [mean, max, p95] = ours[i] ?? [];
    return !(agree(mean, row[0]) && agree(max, row[1]) && agree(p95, row[2], quantileTolerance));
  });
  if (ours.length === theirs.length && differs < 0) return;
  const where = `${ours.length} and ${theirs.length} steps, step ${differs}`;
  throw new Error(`${measure}: ${where}: ${ours[differs]} is not ${theirs[differs]}`);
}
