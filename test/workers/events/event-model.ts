import { noDuration, recordFlag, recordKind } from '../../../workers/contract/wire.ts';
import type { FrameRecord } from '../../support/frames.ts';

/** Numbers that look random and are the same each time: xorshift of 32 bits (Marsaglia 2003). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** What should be counted of some records, kept plainly: every duration of every series. */
export interface ModelSeries {
  count: number;
  errors: number;
  slow: number;
  durationsUs: number[];
}

/** Series by measurement and tags, in the words of `pointsOf`: the tags' values in the order of their names. */
export function countPlainly(process: string, records: readonly FrameRecord[], slowUs: number) {
  const all = { http: new Map(), db: new Map(), socket: new Map(), job: new Map() } as Record<
    'http' | 'db' | 'socket' | 'job',
    Map<string, ModelSeries>
  >;
  for (const record of records) {
    const [a = '', b = ''] = (record.a ?? '').split('\0');
    const status = record.status ?? 0;
    const isHttp = record.kind === recordKind.HTTP;
    const [measurement, key] = isHttp
      ? (['http', `${a} ${process} ${b} ${Math.floor(status / 100)}xx`] as const)
      : record.kind === recordKind.DB
        ? (['db', `${a} ${b} ${process}`] as const)
        : record.kind === recordKind.SOCKET
          ? (['socket', `${a} ${b} ${process}`] as const)
          : (['job', `${b} ${process} ${a}`] as const);
    const series = all[measurement].get(key) ?? { count: 0, errors: 0, slow: 0, durationsUs: [] };
    all[measurement].set(key, series);
    const { flags = 0, durationUs = noDuration } = record;
    series.count++;
    if (isHttp ? status >= 400 : flags & recordFlag.FAILED) series.errors++;
    if (durationUs === noDuration || flags & recordFlag.UNTIMED) continue;
    series.durationsUs.push(durationUs);
    if (durationUs > slowUs) series.slow++;
  }
  return all;
}

/** The value at rank ⌈q · count⌉, in milliseconds. */
export function exactQuantileMs(durationsUs: readonly number[], q: number): number {
  const sorted = [...durationsUs].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]! / 1000;
}

/** A random record of some of the kinds that are events. */
export function randomRecord(random: () => number): FrameRecord {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const kind = pick([recordKind.HTTP, recordKind.HTTP, recordKind.DB, recordKind.SOCKET, recordKind.JOB]);
  const timed = random() < 0.9;
  return {
    kind,
    a: `${pick(['GET', 'POST', 'é"\\'])}\0${pick(['/a', '/b/:id', '__proto__', 'constructor', 'x y'])}`,
    ...(random() < 0.3 && { b: pick(['anna', 'bert', 'toString']) }),
    ...(random() < 0.1 && { c: 'it failed' }),
    status: kind === recordKind.HTTP ? pick([200, 201, 304, 404, 500, 599]) : 0,
    flags: pick([0, 0, 0, recordFlag.FAILED, recordFlag.UNTIMED]),
    durationUs: timed ? Math.floor(Math.exp(random() * 18)) : noDuration,
  };
}
