import type { Reader, StoredSeries } from '../store/reader.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** A process that came back within a day after the range began was there before. */
const lookBackMs = 24 * hourMs;
/** Readings and clocks are not exact to this, in seconds. */
const slackSeconds = 60;

/** A process took the place of another. */
export interface ProcessStart {
  /** Milliseconds since 1970; where only hours are kept, to the hour. */
  readonly timeMs: number;
  /** NaN where they are not known. */
  readonly pid: number;
  readonly pidBefore: number;
}

interface Sample {
  readonly timeMs: number;
  readonly uptimeSeconds: number;
  readonly pid: number;
}

/** Series of one process: the field `uptime_seconds` and, where it has one, `pid`. */
export interface StartSeries {
  readonly uptime: readonly StoredSeries[];
  readonly pid: readonly StoredSeries[];
}

/**
 * When a process started anew, from `startMs` up to and without `endMs`, oldest first: where its uptime fell or its pid
 * is another. That the first one started is not told, unless another was there up to a day before the range. Hours
 * in which that may be so are found in the rollups, and only they are read.
 */
export function processStarts(
  reader: Reader,
  series: StartSeries,
  startMs: number,
  endMs: number,
): ProcessStart[] {
  const fromMs = Math.floor((startMs - lookBackMs) / hourMs) * hourMs;
  const hours = Math.ceil((endMs - fromMs) / hourMs);
  const uptime = extremesOf(reader, series.uptime, fromMs, hours, hourMs);
  const pid = extremesOf(reader, series.pid, fromMs, hours, hourMs);
  const found = new Map<number, ProcessStart>();
  let last = -1;
  for (let hour = 0; hour < hours; hour++) {
    if (Number.isNaN(uptime.maxima[hour]!)) continue;
    const grown = uptime.maxima[last]! + ((hour - last - 1) * hourMs) / 1000 - slackSeconds;
    const isSame = pid.minima[hour] === pid.maxima[hour] && isEqual(pid.minima[hour]!, pid.maxima[last]!);
    if (!(uptime.minima[hour]! >= grown && (series.pid.length === 0 || isSame))) {
      const samples = samplesOf(
        reader,
        series,
        fromMs + Math.max(last, 0) * hourMs,
        fromMs + (hour + 1) * hourMs,
      );
      for (const start of startsAmong(samples)) found.set(start.timeMs, start);
    }
    last = hour;
  }
  return [...found.values()].filter(({ timeMs }) => timeMs >= startMs && timeMs < endMs);
}

function startsAmong(samples: readonly Sample[]): ProcessStart[] {
  const starts: ProcessStart[] = [];
  let before: Sample | undefined;
  for (const sample of samples) {
    const { timeMs, uptimeSeconds, pid } = sample;
    if (before && (uptimeSeconds < before.uptimeSeconds - 1 || isOther(pid, before.pid))) {
      starts.push({ timeMs: Math.round(timeMs - uptimeSeconds * 1000), pid, pidBefore: before.pid });
    }
    before = sample;
  }
  return starts;
}

/** The finest that is kept: samples, else the ends of minutes, else of hours. */
function samplesOf(reader: Reader, series: StartSeries, startMs: number, endMs: number): Sample[] {
  const pids = new Map<number, number>();
  eachSample(reader, series.pid, startMs, endMs, (timeMs, pid) => pids.set(timeMs, pid));
  const samples: Sample[] = [];
  eachSample(reader, series.uptime, startMs, endMs, (timeMs, uptimeSeconds) => {
    samples.push({ timeMs, uptimeSeconds, pid: pids.get(timeMs) ?? Number.NaN });
  });
  if (samples.length > 0) return samples.sort((a, b) => a.timeMs - b.timeMs);
  const minutes = rolledUp(reader, series, startMs, endMs, minuteMs);
  const hours = (endMs - startMs) / hourMs;
  return minutes.length > hours ? minutes : rolledUp(reader, series, startMs, endMs, hourMs);
}

function eachSample(
  reader: Reader,
  series: readonly StoredSeries[],
  startMs: number,
  endMs: number,
  visit: (timeMs: number, value: number) => void,
): void {
  const ids = series.map(({ id }) => id);
  for (const { timesMs, values } of reader.read(ids, startMs, endMs)) {
    for (let i = 0; i < values.length; i++) visit(timesMs[i]!, values[i]!);
  }
}

function rolledUp(
  reader: Reader,
  series: StartSeries,
  startMs: number,
  endMs: number,
  stepMs: number,
): Sample[] {
  const steps = Math.ceil((endMs - startMs) / stepMs);
  const uptime = extremesOf(reader, series.uptime, startMs, steps, stepMs);
  const pid = extremesOf(reader, series.pid, startMs, steps, stepMs);
  return Array.from({ length: steps }, (_, i) => ({
    timeMs: startMs + (i + 1) * stepMs,
    uptimeSeconds: uptime.maxima[i]!,
    // Of a step with two of them it is not known which was the last.
    pid: pid.minima[i] === pid.maxima[i] ? pid.maxima[i]! : Number.NaN,
  })).filter(({ uptimeSeconds }) => !Number.isNaN(uptimeSeconds));
}

interface Extremes {
  readonly minima: Float64Array;
  readonly maxima: Float64Array;
}

/** Of all series together in each step; NaN where there is nothing. */
function extremesOf(
  reader: Reader,
  series: readonly StoredSeries[],
  startMs: number,
  steps: number,
  stepMs: number,
): Extremes {
  const minima = new Float64Array(steps).fill(Number.NaN);
  const maxima = new Float64Array(steps).fill(Number.NaN);
  const ids = series.map(({ id }) => id);
  for (const found of reader.buckets(ids, { startMs, endMs: startMs + steps * stepMs, stepMs })) {
    for (let i = 0; i < steps; i++) {
      if (!(minima[i]! <= found.minima[i]!) && !Number.isNaN(found.minima[i]!)) minima[i] = found.minima[i]!;
      if (!(maxima[i]! >= found.maxima[i]!) && !Number.isNaN(found.maxima[i]!)) maxima[i] = found.maxima[i]!;
    }
  }
  return { minima, maxima };
}

function isEqual(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/** Both are known, and not the same. */
function isOther(a: number, b: number): boolean {
  return a !== b && !Number.isNaN(a) && !Number.isNaN(b);
}
