import { rm } from 'node:fs/promises';
import { temporaryFolder } from '../support/servers.ts';
import { startPeer } from './influx-peer.ts';
import type { Row } from './row.ts';
import { storeMemory } from './store-memory.ts';
import { storeQueries } from './store-queries.ts';
import { storeWrites } from './store-writes.ts';

/** The embedded store beside InfluxDB 1.6.7 with the same data: size, answers, writes; and what memory it takes. */
export async function* store(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-bench-');
  const influx = await startPeer();
  try {
    yield* storeQueries(folder, influx);
    yield* storeWrites(folder, influx);
    yield* storeMemory(folder);
  } finally {
    await influx.remove();
    await rm(folder, { recursive: true, force: true });
  }
}
