import { type EventSummary, ratePerMinute } from '../../workers/contract/events.ts';
import type { RingReader, RingSeries } from '../../workers/ring/ring-reader.ts';
import type {
  ApiSnapshot,
  DatabaseSnapshot,
  ProcessSnapshot,
  QueueSnapshot,
  Snapshot,
  SocketSnapshot,
  SystemSnapshot,
} from '../snapshot-shape.ts';

/** Columns of one tag set, by field. */
interface Row {
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: readonly string[];
  readonly columns: readonly number[];
}

/** Builds the snapshot from the newest row of the ring. Columns are looked up only when names change. */
export class SnapshotBuilder {
  readonly #reader: RingReader;
  readonly #summary: () => EventSummary | null;
  readonly #process: string | undefined;
  readonly #rows = new Map<
    string,
    { readonly series: readonly RingSeries[]; readonly rows: readonly Row[] }
  >();
  #last: Snapshot | null = null;
  #lastMs: number | undefined;

  /**
   * `summary` gives the last minute inside the services, null when it cannot be read now; `process` is the name of the
   * watched process whose uptime the snapshot shows.
   */
  constructor(reader: RingReader, summary: () => EventSummary | null, process: string | undefined) {
    this.#reader = reader;
    this.#summary = summary;
    this.#process = process;
  }

  /** The snapshot of the newest tick; null before the first. Made once a tick. */
  build(): Snapshot | null {
    const timeMs = this.#reader.newestTimeMs();
    if (timeMs === undefined) return this.#last;
    if (this.#lastMs !== timeMs) {
      const timestamp = new Date(timeMs).toISOString();
      const summary = this.#summary();
      this.#last = {
        timestamp,
        system: this.#system(timestamp),
        api: apiOf(summary),
        database: databaseOf(summary),
        queues: this.#queues(timestamp),
        socket: socketOf(summary),
        processes: this.#processes(timestamp),
      };
      this.#lastMs = timeMs;
    }
    return this.#last;
  }

  #system(timestamp: string): SystemSnapshot | null {
    const [row] = this.#rowsOf('system');
    const value = row && this.#values(row);
    if (!value) return null;
    const watched = this.#rowsOf('process').find(({ tags }) => tags.process === this.#process);
    return {
      timestamp,
      cpu: { usage: value('cpu_usage_percent'), cores: value('cpu_cores') },
      memory: {
        total: value('memory_total_bytes'),
        used: value('memory_used_bytes'),
        free: value('memory_free_bytes'),
        usagePercent: value('memory_usage_percent'),
      },
      uptime: watched ? (this.#values(watched)?.('uptime_seconds') ?? null) : null,
    };
  }

  /** The queues that this tick has numbers of; null when it has none. */
  #queues(timestamp: string): QueueSnapshot[] | null {
    const queues: QueueSnapshot[] = [];
    for (const row of this.#rowsOf('queue')) {
      const value = this.#values(row);
      if (!value || value('waiting') === null) continue;
      const { redis = '', prefix = '', queue = '' } = row.tags;
      queues.push({
        timestamp,
        redis,
        prefix,
        queueName: queue,
        waiting: value('waiting'),
        active: value('active'),
        completed: value('completed'),
        failed: value('failed'),
        delayed: value('delayed'),
      });
    }
    return queues.length > 0 ? queues : null;
  }

  /** The watched processes that this tick found; null when it found none. */
  #processes(timestamp: string): ProcessSnapshot[] | null {
    const processes: ProcessSnapshot[] = [];
    for (const row of this.#rowsOf('process')) {
      const value = this.#values(row);
      if (!value || value('pid') === null) continue;
      processes.push({
        timestamp,
        process: row.tags.process ?? '',
        cpuUsage: value('cpu_usage_percent'),
        memoryRss: value('memory_rss_bytes'),
      });
    }
    return processes.length > 0 ? processes : null;
  }

  #values(row: Row): ((field: string) => number | null) | undefined {
    const newest = this.#reader.newest(row.columns);
    if (!newest) return undefined;
    return (field) => {
      const value = newest.values[row.fields.indexOf(field)];
      return value === undefined || Number.isNaN(value) ? null : value;
    };
  }

  #rowsOf(measurement: string): readonly Row[] {
    const series = this.#reader.seriesOf(measurement);
    const known = this.#rows.get(measurement);
    if (known?.series === series) return known.rows;
    const rows = new Map<string, { tags: Row['tags']; fields: string[]; columns: number[] }>();
    for (const { tags, field, column } of series) {
      const key = JSON.stringify(tags);
      const row = rows.get(key) ?? { tags, fields: [], columns: [] };
      row.fields.push(field);
      row.columns.push(column);
      rows.set(key, row);
    }
    const list = [...rows.values()];
    this.#rows.set(measurement, { series, rows: list });
    return list;
  }
}

function apiOf(summary: EventSummary | null): ApiSnapshot | null {
  if (!summary?.api) return null;
  const { count, errors, avgMs } = summary.api;
  return {
    avgResponseTime: known(avgMs),
    totalRequests: count,
    errorRate: count === 0 ? null : (errors * 100) / count,
    requestsPerMinute: perMinute(count, summary.spanMs),
  };
}

function databaseOf(summary: EventSummary | null): DatabaseSnapshot | null {
  if (!summary?.database) return null;
  const { count, slow, avgMs } = summary.database;
  return { avgQueryTime: known(avgMs), totalQueries: count, slowQueries: slow };
}

function socketOf(summary: EventSummary | null): SocketSnapshot | null {
  if (!summary?.socket) return null;
  const { count, connections } = summary.socket;
  return {
    totalEvents: count,
    activeConnections: known(connections),
    eventsPerMinute: perMinute(count, summary.spanMs),
  };
}

/** Null for the first seconds, which say too little of a minute. */
function perMinute(count: number, spanMs: number): number | null {
  return known(ratePerMinute(count, spanMs));
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
