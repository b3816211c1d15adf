import type { Mark, Marks, MarksTask } from '../contract/marks.ts';
import type { Reader, StoredSeries } from '../store/reader.ts';
import { type ProcessStart, processStarts } from './process-starts.ts';
import { versionChanges } from './version-changes.ts';

/** A service that was started anew connects within so long. */
const connectsWithinMs = 120_000;

/** Restarts, deploys and starts of the agent. */
export function findMarks(reader: Reader, { startMs, endMs, limit, skip }: MarksTask): Marks {
  const field = (measurement: string, field: string) => reader.series({ measurement, field });
  const marks: Mark[] = [];
  const agent = { uptime: field('agent', 'uptime_seconds'), pid: field('agent', 'pid') };
  for (const { timeMs } of processStarts(reader, agent, startMs, endMs)) {
    marks.push({ timeMs, kind: 'agent', process: '', text: 'the agent started' });
  }
  const pids = byProcess(field('process', 'pid'));
  const changes = byProcess(field('service', 'instances'));
  const uptimes = byProcess(field('process', 'uptime_seconds'));
  for (const process of new Set([...uptimes.keys(), ...changes.keys()])) {
    const series = { uptime: uptimes.get(process) ?? [], pid: pids.get(process) ?? [] };
    const starts = processStarts(reader, series, startMs, endMs);
    for (const { timeMs, from, to } of versionChanges(reader, changes.get(process) ?? [], startMs, endMs)) {
      const start = takeLast(starts, timeMs);
      const text = `${process} ${from} → ${to}`;
      marks.push({ timeMs: start?.timeMs ?? timeMs, kind: 'deploy', process, text });
    }
    for (const start of starts)
      marks.push({ timeMs: start.timeMs, kind: 'restart', process, text: restartText(process, start) });
  }
  marks.sort((a, b) => a.timeMs - b.timeMs);
  const end = Math.max(0, marks.length - skip);
  const start = Math.max(0, end - limit);
  return { marks: marks.slice(start, end), hasMore: start > 0 };
}

function byProcess(series: readonly StoredSeries[]): Map<string, StoredSeries[]> {
  const found = new Map<string, StoredSeries[]>();
  for (const one of series) {
    const process = one.tags.process ?? '';
    const known = found.get(process);
    if (known) known.push(one);
    else found.set(process, [one]);
  }
  return found;
}

/** The start that brought what was first seen at `seenMs`: it is not told twice. */
function takeLast(starts: ProcessStart[], seenMs: number): ProcessStart | undefined {
  const at = starts.findLastIndex(({ timeMs }) => timeMs <= seenMs && seenMs - timeMs <= connectsWithinMs);
  return at < 0 ? undefined : starts.splice(at, 1)[0];
}

function restartText(process: string, { pid, pidBefore }: ProcessStart): string {
  const isKnown = !Number.isNaN(pid) && !Number.isNaN(pidBefore) && pid !== pidBefore;
  return `${process} restarted${isKnown ? ` (pid ${pidBefore} → ${pid})` : ''}`;
}
