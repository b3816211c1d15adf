import type { Select } from '../../workers/promql/index.ts';
import { MetricHistory } from '../../workers/store/metric-history.ts';
import { MetricReader } from '../../workers/store/metric-reader.ts';
import { openReader, type Reader } from '../../workers/store/reader.ts';
import { ticksUntilStale } from '../../workers/store/stale-gaps.ts';
import { StoreError } from '../../workers/store/store-error.ts';
import type { Config } from '../config/schema.ts';
import { AgentError, messageOf } from '../errors.ts';
import { storePathOf } from '../pipeline/store-path.ts';

/** Opens the history of a data directory, beside a running agent too. Throws AgentError STORE_UNREADABLE. */
export function openHistory(dataDir: string): Reader {
  try {
    return openReader(storePathOf(dataDir));
  } catch (cause) {
    const isMissing = cause instanceof StoreError && cause.code === 'missing';
    const why = isMissing
      ? `there is no history in ${dataDir} yet: start nova-agent run, or name its folder with --data-dir or -c`
      : `the history in ${dataDir} cannot be read: ${messageOf(cause)}`;
    throw new AgentError('STORE_UNREADABLE', why, { cause });
  }
}

/** What PromQL selects from, as the HTTP API of the agent does. */
export function historySelect(reader: Reader, { agent, store }: Config, nowMs: number): Select {
  const history = new MetricHistory(reader, new MetricReader(reader, 0), {
    rawFromMs: nowMs - store.retention.raw,
    minutesFromMs: nowMs - store.retention.minute,
    intervalMs: agent.interval,
    staleAfterTicks: ticksUntilStale(agent.interval),
    commonTags: agent.tags,
    touch: () => {},
  });
  return history.select.bind(history);
}
