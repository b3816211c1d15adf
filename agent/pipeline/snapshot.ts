import type { RingReader, RingSeries } from '../../workers/ring/ring-reader.ts';
import type { ProcessSnapshot, QueueSnapshot, Snapshot, SystemSnapshot } from '../snapshot-shape.ts';

/** Columns of one tag set, by field. */
interface Row {
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: readonly string[];
  readonly columns: readonly number[];
}

/** Builds the snapshot from the newest row of the ring. Columns are looked up only when names change. */
export class SnapshotBuilder {
  readonly #reader: RingReader;
  readonly #process: string | undefined;
  readonly #rows = new Map<
    string,
    { readonly series: readonly RingSeries[]; readonly rows: readonly Row[] }
  >();
  #last: Snapshot | null = null;

  /** `process` is the name of the watched process whose uptime the snapshot shows. */
  constructor(reader: RingReader, process: string | undefined) {
    this.#reader = reader;
    this.#process = process;
  }

  /** The snapshot of the newest tick; null before the first. Made once a tick. */
  build(): Snapshot | null {
    const timeMs = this.#reader.newestTimeMs();
    if (timeMs === undefined) return this.#last;
    const timestamp = new Date(timeMs).toISOString();
    if (this.#last?.timestamp !== timestamp) {
      this.#last = {
        timestamp,
        system: this.#system(timestamp),
        api: null,
        database: null,
        queues: this.#queues(timestamp),
        socket: null,
        processes: this.#processes(timestamp),
      };
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
