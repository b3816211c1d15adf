import { CauseView, explainAlert, type KnownRequest } from '../../../workers/cause/explain.ts';
import type { AlertCause, AlertReach, LabelSet } from '../../../workers/contract/alerts.ts';
import { createRingBuffers } from '../../../workers/contract/ring-cells.ts';
import { buildLayout, type PointKey } from '../../../workers/point/point.ts';
import { RingReader } from '../../../workers/ring/ring-reader.ts';
import { RingWriter } from '../../../workers/ring/ring-writer.ts';

export const intervalMs = 2000;
/** Time of the first row. */
export const beginMs = 1_800_000_000_000;

/** Gives the value of a tick, counted from 0; undefined where there is none. */
export type Signal = number | ((tick: number) => number | undefined);

export interface SignalPoint {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, Signal>>;
}

export function point(
  measurement: string,
  tags: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, Signal>>,
): SignalPoint {
  return { measurement, tags: { host: 'h', ...tags }, fields };
}

/** A ring with so many ticks of these points, and the time of the last. */
export function ringOf(points: readonly SignalPoint[], ticks: number): { ring: RingReader; nowMs: number } {
  const buffers = createRingBuffers(intervalMs);
  const writer = new RingWriter(buffers);
  const keys: PointKey[] = points.map(({ measurement, tags, fields }) => ({
    measurement,
    tags,
    fields: Object.keys(fields),
  }));
  const layout = buildLayout(keys);
  const { columns } = writer.admit(layout);
  const signals = points.flatMap(({ fields }) => Object.values(fields));
  for (let tick = 0; tick < ticks; tick++) {
    const values = Float64Array.from(signals, (signal) =>
      typeof signal === 'number' ? signal : (signal(tick) ?? Number.NaN),
    );
    writer.write(beginMs + tick * intervalMs, [{ columns, section: { layout, values } }]);
  }
  return { ring: new RingReader(buffers), nowMs: beginMs + (ticks - 1) * intervalMs };
}

export interface Story {
  readonly points: readonly SignalPoint[];
  /** Of rows in the ring; 450 unless told, nearly the whole 15 minutes. */
  readonly ticks?: number;
  /** When the alert began, in ticks; 30 before the last one unless told. */
  readonly activeAtTick?: number;
  readonly expr?: string;
  readonly labels?: LabelSet;
  readonly requests?: readonly KnownRequest[];
  readonly errorUsers?: number | null;
}

export const storyTicks = 450;

/** What is said of an alert in this story. */
export function explain(story: Story): { readonly cause: AlertCause; readonly reach: AlertReach } {
  const { points, ticks = storyTicks, expr = 'up == 0', labels = {}, requests = [] } = story;
  const { ring, nowMs } = ringOf(points, ticks);
  const { activeAtTick = ticks - 30, errorUsers = null } = story;
  const view = new CauseView(
    { ring, requests: () => requests, errorUsers: () => errorUsers },
    nowMs,
    intervalMs,
  );
  return explainAlert({ labels, activeAtMs: beginMs + activeAtTick * intervalMs }, { expr }, view);
}

/** A value until a tick, then another one. */
export function step(before: number | undefined, after: number | undefined, tick = storyTicks - 50): Signal {
  return (now) => (now < tick ? before : after);
}

/** Numbers between 0 and 1 that are the same at each run (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
