import { type EventSummary, ratePerMinute } from '../contract/events.ts';
import type { Reading } from '../contract/tasks.ts';
import { fieldsOf } from '../point/catalogue.ts';
import { layoutText, type PointKey } from '../point/point.ts';

const fields = fieldsOf('snapshot');
const layout = layoutText([{ measurement: 'snapshot', tags: {}, fields }]);

/** Where the fields of the snapshot come from: fields of the point `system` of the same tick. */
const systemFields: Readonly<Record<string, string>> = {
  cpuUsage: 'cpu_usage_percent',
  memoryUsage: 'memory_usage_percent',
};

/**
 * The nine dashboard numbers of a tick; what nothing reports is not known. `summary` is of the last minute inside the
 * services, null when nothing listens to them.
 */
export function snapshotReading(readings: readonly Reading[], summary: EventSummary | null): Reading {
  const values = new Float64Array(fields.length).fill(Number.NaN);
  const host = readings.find((reading) => reading.source === 'host');
  if (host) {
    const positions = systemPositions(host.layout);
    fields.forEach((field, i) => {
      const position = positions.get(systemFields[field] ?? '');
      if (position !== undefined) values[i] = host.values[position]!;
    });
  }
  if (summary) {
    const known = insideValues(summary);
    fields.forEach((field, i) => {
      values[i] = known[field] ?? values[i]!;
    });
  }
  return { source: 'snapshot', layout, values };
}

function insideValues({
  spanMs,
  api,
  database,
  socket,
}: EventSummary): Readonly<Record<string, number | null | undefined>> {
  return {
    apiAvgResponseTime: api?.avgMs,
    apiRequestsPerMinute: api && ratePerMinute(api.count, spanMs),
    apiErrorRate: api && api.count > 0 ? (api.errors * 100) / api.count : undefined,
    dbAvgQueryTime: database?.avgMs,
    dbQueriesPerMinute: database && ratePerMinute(database.count, spanMs),
    socketActiveConnections: socket?.connections,
    socketEventsPerMinute: socket && ratePerMinute(socket.count, spanMs),
  };
}

let lastLayout = '';
let lastPositions: ReadonlyMap<string, number> = new Map();

/** Index of each field of the first point; looked up again only when the layout changes. */
function systemPositions(text: string): ReadonlyMap<string, number> {
  if (text !== lastLayout) {
    const [system] = JSON.parse(text) as PointKey[];
    lastPositions = new Map(system?.fields.map((field, i) => [field, i]));
    lastLayout = text;
  }
  return lastPositions;
}
