import { href } from '../address.ts';
import { type Answer, getJson, promInstant } from '../api.ts';
import { useData } from '../data.ts';
import { formatValue } from '../format.ts';
import { useLiveState, useSnapshot } from '../live.ts';
import { Stat, Time, type Tone } from '../parts/index.ts';

/** The numbers of now, whatever range the charts below show. */
export function OverviewNumbers() {
  const { timestamp, system, api, queues, socket } = useSnapshot() ?? {};
  const isLost = useLiveState() === 'reconnecting';
  const users = useUserCounts();
  const p95 = useP95();
  const cpu = system?.cpu.usage;
  const memory = system?.memory.usagePercent;
  const cores = system?.cpu.cores;
  return (
    <section class={isLost ? 'stats stats-eight is-stale' : 'stats stats-eight'} aria-label="Now">
      {isLost && timestamp && (
        <p class="stats-late">
          As of <Time at={timestamp} />: what is now is not known.
        </p>
      )}
      <Stat
        label="CPU"
        value={cpu}
        unit="percent"
        tone={toneAbove(cpu, 80)}
        note={cores ? `of ${cores} core${cores === 1 ? '' : 's'}` : 'of the host'}
      />
      <Stat
        label="Memory"
        value={memory}
        unit="percent"
        tone={toneAbove(memory, 80)}
        note={`of ${formatValue(system?.memory.total, 'bytes')}`}
      />
      <Stat
        label="Requests"
        value={api?.requestsPerMinute}
        unit="perMinute"
        href={href({ view: 'routes' })}
        note={`average ${formatValue(api?.avgResponseTime, 'ms')}`}
      />
      <Stat
        label="p95 response"
        value={p95}
        unit="ms"
        tone={toneAbove(p95, 500)}
        href={href({ view: 'routes' })}
        note="of the last 5 minutes"
      />
      <Stat
        label="Failed requests"
        value={api?.errorRate}
        unit="percent"
        tone={toneAbove(api?.errorRate, 5)}
        href={href({ view: 'errors' })}
        note="of the last minute"
      />
      <Stat
        label="Jobs waiting"
        value={sumOf(queues, 'waiting')}
        unit="count"
        href={href({ view: 'queues' })}
        note={queues ? `${sumOf(queues, 'active') ?? '–'} active` : 'no queue is known'}
      />
      <Stat
        label="Connections"
        value={socket?.activeConnections}
        unit="count"
        note={`${formatValue(socket?.eventsPerMinute, 'count')} events/min`}
      />
      <Stat
        label="Active users"
        value={users?.active5m}
        unit="count"
        href={href({ view: 'users' })}
        note={users ? `in 5 min; ${users.active24h} in 24 h` : 'in 5 minutes'}
      />
    </section>
  );
}

function toneAbove(value: number | null | undefined, limit: number): Tone | undefined {
  return typeof value === 'number' && value > limit ? 'critical' : undefined;
}

/** Null when none of them is known. */
function sumOf<Key extends string>(
  rows: readonly Readonly<Record<Key, number | null>>[] | null | undefined,
  key: Key,
): number | null {
  const known = (rows ?? []).flatMap((row) => row[key] ?? []);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

interface UserCounts {
  readonly active5m: number;
  readonly active24h: number;
}

/** Of all services together. */
function useUserCounts(): UserCounts | undefined {
  const { data } = useData(
    (signal) => getJson<Answer<UserCounts[]>>('/api/monitoring/users', { limit: 1 }, signal),
    [],
    { everyMs: 10_000 },
  );
  const rows = data?.data ?? [];
  return rows.length === 0
    ? undefined
    : { active5m: sumOf(rows, 'active5m') ?? 0, active24h: sumOf(rows, 'active24h') ?? 0 };
}

/** Of the requests of the last five whole minutes, out of merged histograms; null when there was none. */
function useP95(): number | null | undefined {
  const { data } = useData((signal) => promInstant(p95Query, undefined, signal), [], { everyMs: 10_000 });
  return data === undefined ? undefined : (data[0]?.value ?? null);
}

const p95Query = '1000 * histogram_quantile(0.95, sum by (le) (increase(http_duration_seconds_bucket[5m])))';
