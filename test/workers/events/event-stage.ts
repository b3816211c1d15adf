import type { EventSettings, Instance, StoredErrorGroup } from '../../../workers/contract/events.ts';
import { createEventBuffers, type EventBuffers } from '../../../workers/contract/window-cells.ts';
import { reportedPart } from '../../../workers/contract/wire.ts';
import { EventBook, type FoldedEvents } from '../../../workers/events/event-book.ts';
import { readSummary } from '../../../workers/events/event-summary.ts';
import { parseLayout } from '../../../workers/point/point.ts';
import { buildEventsFrame, buildRuntimeFrame, type FrameRecord, joinFrames } from '../../support/frames.ts';

export const allParts = Object.values(reportedPart).reduce((sum, bit) => sum | bit, 0);

export const plainSettings: EventSettings = {
  userKey: '',
  slowQueryMs: 500,
  sessionIdleMs: 1_800_000,
  wantTexts: false,
};

/** An event book with a clock of its own, and connections that come and go. */
export class EventStage {
  readonly buffers: EventBuffers;
  book: EventBook;
  /** Wall and monotonic clock, milliseconds. */
  nowMs = Date.UTC(2026, 0, 1);
  monotonicMs = 1_000_000;
  instances: Instance[] = [{ number: 1, process: 'crm', worker: '0' }];
  readonly groups = new Map<string, StoredErrorGroup>();
  readonly kept = new Map<string, Uint8Array>();
  readonly #settings: EventSettings;
  readonly #intervalMs: number;

  constructor(settings: Partial<EventSettings> = {}, intervalMs = 2000) {
    this.#settings = { ...plainSettings, ...settings };
    this.#intervalMs = intervalMs;
    this.buffers = createEventBuffers(intervalMs);
    this.book = this.#newBook();
  }

  /** Puts another writer in the place of the present one, as when the worker is replaced. */
  replace(): void {
    this.book = this.#newBook();
  }

  #newBook(): EventBook {
    const memory = {
      errorGroup: (process: string, fingerprint: string) => this.groups.get(`${process} ${fingerprint}`),
      kept: (name: string) => this.kept.get(name),
    };
    const clock = { now: () => this.nowMs, monotonicMs: () => this.monotonicMs };
    return new EventBook(this.buffers, this.#settings, memory, clock);
  }

  takeBytes(bytes: Uint8Array) {
    return this.book.take({ bytes, instances: JSON.stringify(this.instances) });
  }

  take(records: readonly FrameRecord[], instance = 1) {
    return this.takeBytes(buildEventsFrame({ instance, baseMs: this.nowMs, records }));
  }

  /** Every connected instance says that it reports all parts, with so many open sockets. */
  report(connections = 0): void {
    const frames = this.instances.map(({ number }) =>
      buildRuntimeFrame(number, {
        PARTS: allParts,
        CONNECTIONS: connections,
        HEAP_USED_BYTES: 1000 + number,
      }),
    );
    this.takeBytes(joinFrames(...frames));
  }

  /** A tick, one interval after the last. */
  fold(slowFactor = 1): FoldedEvents {
    this.nowMs += this.#intervalMs;
    this.monotonicMs += this.#intervalMs;
    const folded = this.book.fold(this.nowMs, slowFactor);
    for (const group of folded.errorGroups) this.groups.set(`${group.process} ${group.fingerprint}`, group);
    for (const { name, bytes } of folded.kept) this.kept.set(name, bytes);
    return folded;
  }
}

/** Values of the points of one measurement, by their tags: JSON of the tags' values in the order of names → field → value. */
export function pointsOf(folded: FoldedEvents, source: string): Map<string, Record<string, number>> {
  const points = new Map<string, Record<string, number>>();
  const reading = folded.readings.find((one) => one.source === source);
  if (!reading) return points;
  const layout = parseLayout(reading.layout, {});
  layout.points.forEach(({ tags, fields }, i) => {
    const key = Object.keys(tags)
      .sort()
      .map((name) => tags[name])
      .join(' ');
    const first = layout.offsets[i]!;
    points.set(key, Object.fromEntries(fields.map((field, f) => [field, reading.values[first + f]!])));
  });
  return points;
}

/** The parts of the summary of the last minute. */
export function partsOf({ buffers }: EventStage) {
  const { api, database, socket } = readSummary(buffers);
  return [api, database, socket];
}
