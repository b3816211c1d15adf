import { buildLayout, type Layout, type PointKey, type Section } from '../../workers/point/point.ts';

export const tickMs = 2000;

/** The value of a field in each tick, asked in order; NaN where it is not known. */
type Signal = () => number;

/** Where a signal gets its chance from: numbers from 0 to 1. */
type Random = () => number;

/** Numbers from 0 to 1, the same for the same seed: mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Noise around `mean` that drifts and comes back, with a peak now and then; never below 0; in steps of 1/scale. */
function load(random: Random, mean: number, scale: number, most = Number.POSITIVE_INFINITY): Signal {
  let drift = 0;
  let peak = 0;
  return () => {
    drift = drift * 0.995 + (random() - 0.5) * mean * 0.06;
    peak = random() < 0.002 ? mean * 2 * random() : peak * 0.9;
    const noise = (random() + random() - 1) * mean * 0.25;
    const value = Math.min(most, Math.max(0, mean + drift + peak + noise));
    return Math.round(value * scale) / scale;
  };
}

/** Memory: grows by pages while it works, falls back when garbage is collected. */
function pages(random: Random, meanBytes: number): Signal {
  const pageBytes = 4096;
  const meanPages = meanBytes / pageBytes;
  let now = meanPages;
  return () => {
    if (random() < 0.3) now += Math.round(random() * 400);
    if (now > meanPages * 1.1) now -= Math.round(meanPages * 0.1 * random());
    return Math.round(now) * pageBytes;
  };
}

/** A total that grows by about `perTick`, and not at all in some ticks. */
function counter(random: Random, perTick: number): Signal {
  let total = 0;
  return () => {
    if (random() > 0.1) total += Math.round(perTick * 2 * random());
    return total;
  };
}

/** A whole number that goes up and down by one or two, as the jobs that wait. */
function level(random: Random, mean: number): Signal {
  let now = mean;
  return () => {
    const pull = now > mean ? -0.1 : 0.1;
    now = Math.max(0, now + Math.round((random() + random() - 1 + pull) * 2.5));
    return now;
  };
}

/** A whole number that changes about once in `ticks` ticks. */
function seldom(random: Random, mean: number, ticks: number): Signal {
  let now = mean;
  return () => {
    if (random() < 1 / ticks) now = Math.max(0, now + (random() < 0.5 ? -1 : 1));
    return now;
  };
}

function constant(value: number): Signal {
  return () => value;
}

/** Seconds since a start, as the kernel tells them: hundredths, and ticks are a little late. */
function uptime(random: Random): Signal {
  let tick = 0;
  return () => Math.round((86_400 + (tick++ * tickMs) / 1000 + random() * 0.02) * 100) / 100;
}

/** What is read every 10 s only. */
function fifth(signal: Signal): Signal {
  let tick = 0;
  return () => (tick++ % 5 === 0 ? signal() : Number.NaN);
}

type Fields = Readonly<Record<string, Signal>>;
interface PointSignals {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Fields;
}

/** What one host with one process, one Redis and `queues` queues gives; names as in the catalogue. */
function points(random: Random, queues: number): PointSignals[] {
  const gigabyte = 2 ** 30;
  const percent = (mean: number) => load(random, mean, 100, 100);
  const ms = (mean: number) => load(random, mean, 1000);
  const all: PointSignals[] = [];
  const point = (measurement: string, tags: Record<string, string>, fields: Fields) =>
    all.push({ measurement, tags: { host: 'crm-production-1', ...tags }, fields });

  point(
    'system',
    {},
    {
      cpu_usage_percent: percent(30),
      cpu_cores: constant(8),
      load1: load(random, 2, 100),
      load5: fifth(load(random, 2, 100)),
      load15: fifth(load(random, 2, 100)),
      memory_total_bytes: constant(16 * gigabyte),
      memory_used_bytes: pages(random, 7 * gigabyte),
      memory_free_bytes: pages(random, gigabyte),
      memory_available_bytes: pages(random, 9 * gigabyte),
      memory_usage_percent: percent(44),
      uptime_seconds: uptime(random),
    },
  );
  point(
    'disk',
    { path: '/' },
    {
      used_percent: fifth(seldom(random, 61, 500)),
      free_bytes: fifth(pages(random, 80 * gigabyte)),
      read_bytes_total: fifth(counter(random, 40_960)),
      written_bytes_total: fifth(counter(random, 409_600)),
    },
  );
  point(
    'process',
    { process: 'app' },
    {
      cpu_usage_percent: percent(45),
      memory_rss_bytes: pages(random, gigabyte / 4),
      memory_usage_percent: percent(2),
      threads: seldom(random, 23, 300),
      open_fds: fifth(level(random, 120)),
      children: fifth(seldom(random, 2, 300)),
      uptime_seconds: uptime(random),
      restarts_total: constant(0),
      pid: constant(4711),
    },
  );
  for (let i = 0; i < queues; i++) {
    point(
      'queue',
      { redis: 'main', prefix: 'bull', queue: `queue-${i}` },
      {
        waiting: level(random, 20),
        active: level(random, 4),
        completed: counter(random, 6),
        failed: seldom(random, 12, 50),
        delayed: level(random, 3),
        prioritized: constant(0),
        waiting_children: constant(0),
        paused: constant(0),
        completed_total: fifth(counter(random, 30)),
        failed_total: fifth(seldom(random, 12, 50)),
        oldest_waiting_age_ms: fifth(load(random, 900, 1)),
        wait_p50_ms: fifth(load(random, 40, 1)),
        wait_p95_ms: fifth(load(random, 160, 1)),
        run_p50_ms: fifth(load(random, 55, 1)),
        run_p95_ms: fifth(load(random, 240, 1)),
        workers: fifth(constant(4)),
      },
    );
  }
  point(
    'redis',
    { redis: 'main' },
    {
      memory_used_bytes: fifth(load(random, 30_000_000, 1)),
      memory_max_bytes: fifth(constant(0)),
      evicted_keys_total: fifth(constant(0)),
      connected_clients: fifth(level(random, 40)),
      ops_per_second: fifth(load(random, 800, 1)),
      eviction_safe: fifth(constant(1)),
      latency_ms: fifth(ms(0.4)),
    },
  );
  point('snapshot', {}, { cpuUsage: percent(30), memoryUsage: percent(44) });
  for (const source of ['host', 'disk', 'process/app', 'queues/main', 'self']) {
    point('agent', { source }, { source_up: constant(1), read_ms: ms(0.3) });
  }
  point(
    'agent',
    { sink: 'influx' },
    {
      points_delivered_total: counter(random, 12),
      points_waiting: level(random, 30),
      points_quarantined_total: constant(0),
    },
  );
  point(
    'agent',
    {},
    {
      points_collected_total: counter(random, 12),
      cpu_usage_percent: load(random, 0.3, 100),
      memory_rss_bytes: pages(random, 90_000_000),
      eventloop_delay_p99_ms: ms(1.2),
      task_p99_ms: ms(2.5),
      redis_commands_total: counter(random, 5),
      interval_ms: constant(tickMs),
    },
  );
  return all;
}

/**
 * An agent's own output, as plausible as made-up data can be: percents to 0.01 that drift, have noise and peaks;
 * memory in pages of 4096 bytes; totals that grow unevenly; jobs that wait and run as small whole numbers; times to
 * 0.001 ms; switches, limits and process ids that (almost) never change; and what is read every 10 s unknown in
 * between. The same at each run. With 5 queues it has 133 series and 89 values a tick.
 */
export class SignalSource {
  readonly layout: Layout;
  readonly #signals: readonly Signal[];

  /** `only`: of all of it, these fields of this measurement. */
  constructor(queues: number, only?: { readonly measurement: string; readonly fields: readonly string[] }) {
    const wanted = points(randomFrom(1), queues)
      .filter(({ measurement }) => !only || measurement === only.measurement)
      .map(({ measurement, tags, fields }) => {
        const entries = Object.entries(fields).filter(([field]) => !only || only.fields.includes(field));
        return { measurement, tags, entries };
      });
    this.layout = buildLayout(
      wanted.map(({ measurement, tags, entries }): PointKey => {
        return { measurement, tags, fields: entries.map(([field]) => field) };
      }),
    );
    this.#signals = wanted.flatMap(({ entries }) => entries.map(([, signal]) => signal));
  }

  /** What the next tick has. */
  next(): Section {
    return { layout: this.layout, values: Float64Array.from(this.#signals, (signal) => signal()) };
  }
}

/** Values that are known. */
export function countValues({ values }: Section): number {
  return values.reduce((count, value) => (Number.isFinite(value) ? count + 1 : count), 0);
}
