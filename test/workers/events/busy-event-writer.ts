import type { EventBuffers } from '../../../workers/contract/window-cells.ts';
import { EventBook } from '../../../workers/events/event-book.ts';
import { buildEventsFrame, buildRuntimeFrame, dbRecord, httpRecord } from '../../support/frames.ts';
import { allParts, plainSettings } from './event-stage.ts';

/** Takes frames and closes ticks as fast as it can: in each, half of the requests fail and are slower. */
export default function countEvents(buffers: EventBuffers): void {
  let monotonicMs = 0;
  const clock = { now: Date.now, monotonicMs: () => monotonicMs };
  const memory = { errorGroup: () => undefined, kept: () => undefined };
  const book = new EventBook(buffers, plainSettings, memory, clock);
  const instances = JSON.stringify([{ number: 1, process: 'crm', worker: '0' }]);
  const records = Array.from({ length: 20 }, () => [
    httpRecord('GET', '/fast', { durationUs: 1000 }),
    httpRecord('GET', '/slow', { durationUs: 2000, status: 500 }),
    dbRecord('M', 'find', { durationUs: 1000 }),
    dbRecord('M', 'find', { durationUs: 2000 }),
  ]).flat();
  const bytes = buildEventsFrame({ instance: 1, baseMs: Date.now(), records });
  book.take({ bytes: buildRuntimeFrame(1, { PARTS: allParts }), instances });
  for (let tick = 0; tick < 1500; tick++) {
    book.take({ bytes, instances });
    monotonicMs += 2000;
    book.fold(monotonicMs, 1);
  }
}
