import type { EventSummary } from '../contract/events.ts';
import { type EventBuffers, eventControl, summaryCell } from '../contract/window-cells.ts';

/** How often a read is tried again while the writer writes. */
const maxTries = 10_000;

/** Reads the summary beside its writer, in microseconds; all parts are null while it cannot be read. */
export function readSummary(buffers: EventBuffers): EventSummary {
  const control = new Int32Array(buffers.control);
  const shared = new Float64Array(buffers.summary);
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const before = Atomics.load(control, eventControl.SEQUENCE);
    if (before & 1) continue;
    const cells = shared.slice();
    if (Atomics.load(control, eventControl.SEQUENCE) === before) return summaryOf(cells, before > 0);
  }
  return { spanMs: Number.NaN, api: null, database: null, socket: null };
}

function summaryOf(cells: Float64Array, isWritten: boolean): EventSummary {
  const cell = (name: keyof typeof summaryCell) => (isWritten ? cells[summaryCell[name]]! : Number.NaN);
  const mean = (sumUs: number, timed: number) => (timed > 0 ? sumUs / timed / 1000 : Number.NaN);
  const api = {
    count: cell('API_COUNT'),
    errors: cell('API_ERRORS'),
    avgMs: mean(cell('API_SUM_US'), cell('API_TIMED')),
  };
  const database = {
    count: cell('DB_COUNT'),
    slow: cell('DB_SLOW'),
    avgMs: mean(cell('DB_SUM_US'), cell('DB_TIMED')),
  };
  const socket = { count: cell('SOCKET_COUNT'), connections: cell('SOCKET_CONNECTIONS') };
  return {
    spanMs: cell('SPAN_MS'),
    api: Number.isNaN(api.count) ? null : api,
    database: Number.isNaN(database.count) ? null : database,
    socket: Number.isNaN(socket.count) ? null : socket,
  };
}
