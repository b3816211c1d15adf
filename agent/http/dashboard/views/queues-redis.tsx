import { Chart, Panel, Stat, Status } from '../parts/index.ts';
import type { TimeRange } from '../time-range.ts';
import { metric } from './metric-selector.ts';
import type { RedisRow } from './queues-data.ts';

/** The Redis servers under the queues. */
export function RedisPanel({
  rows,
  range,
}: {
  readonly rows: readonly RedisRow[];
  readonly range: TimeRange;
}) {
  return (
    <>
      {rows.map((row) => (
        <Panel
          key={row.redis}
          title={`Redis ${row.redis}`}
          note={range.kind === 'fixed' ? 'Numbers as at the end of the range.' : undefined}
          actions={<Eviction row={row} />}
        >
          <Server row={row} />
        </Panel>
      ))}
      {rows.length === 0 && <Panel title="Redis" empty={<p>Nothing is known of a Redis at this time.</p>} />}
    </>
  );
}

function Eviction({ row }: { row: RedisRow }) {
  const { evictionSafe: isSafe } = row.fields;
  if (isSafe === undefined || isSafe === null) return null;
  return isSafe === 1 ? (
    <Status tone="ok" title="maxmemory-policy is noeviction: no job is thrown away when memory is full">
      keeps every key
    </Status>
  ) : (
    <Status
      tone="critical"
      title="set maxmemory-policy to noeviction: jobs may be thrown away when memory is full"
    >
      may throw jobs away
    </Status>
  );
}

function Server({ row }: { row: RedisRow }) {
  const { redis, fields } = row;
  const most = fields.memoryMaxBytes;
  const labels = { redis };
  return (
    <>
      <div class="stats">
        <Stat
          label="Memory"
          value={fields.memoryUsedBytes}
          unit="bytes"
          note={most ? `of ${Math.round(most / 1_048_576)} MB` : 'without a limit'}
        />
        <Stat label="Clients" value={fields.connectedClients} unit="count" />
        <Stat label="Commands" value={fields.opsPerSecond} unit="perSecond" />
        <Stat label="Answer time" value={fields.latencyMs} unit="ms" />
        <Stat label="Keys evicted" value={fields.evictedKeysTotal} unit="count" note="since Redis started" />
      </div>
      <div class="charts">
        <Chart
          title="Memory"
          unit="bytes"
          series={[
            { label: 'used', expr: `$mean(${metric('redis_memory_used_bytes', labels)})` },
            { label: 'limit', expr: `$mean(${metric('redis_memory_max_bytes', labels)}) > 0`, colour: 4 },
          ]}
        />
        <Chart
          title="Commands"
          unit="perSecond"
          series={[
            { label: 'commands', expr: `$mean(${metric('redis_ops_per_second', labels)})`, colour: 2 },
          ]}
        />
        <Chart
          title="Answer time"
          unit="ms"
          series={[{ label: 'ping', expr: `$peak(${metric('redis_latency_ms', labels)})`, colour: 3 }]}
        />
      </div>
    </>
  );
}
