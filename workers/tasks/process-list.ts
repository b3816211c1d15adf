import type {
  NewestFields,
  ProcessesTask,
  ProcessStanding,
  ProcessStandings,
} from '../contract/standings.ts';
import { fieldsOf } from '../point/catalogue.ts';
import type { RingReader } from '../ring/ring-reader.ts';
import { RecentRows, type TaggedColumns } from './recent-rows.ts';

/** Read every 10 s; the others at every tick. */
const slowFields: readonly string[] = ['open_fds', 'children'];
const quickFields: readonly string[] = fieldsOf('process').filter((field) => !slowFields.includes(field));
const runtimeFields: readonly string[] = fieldsOf('runtime');
/** A reading that comes too late for its tick does not make a process look gone. */
const graceRows = 3;

/** How the watched processes and the services that tell of themselves stand now. */
export function listProcesses(ring: RingReader, { watched }: ProcessesTask): ProcessStandings {
  const recent = new RecentRows(ring);
  const outsides = new Map(recent.tagSets('process').map((set) => [set.tags.process ?? '', set]));
  const insides = recent.tagSets('runtime');
  const names = new Set([...watched, ...outsides.keys(), ...insides.map(({ tags }) => tags.process ?? '')]);
  const processes = [...names].sort().map((process): ProcessStanding => {
    const fields = outsideFields(recent, outsides.get(process));
    const runtimes = insides.flatMap((set) => {
      if ((set.tags.process ?? '') !== process) return [];
      const own = recent.newest(set, runtimeFields, graceRows);
      return own ? [{ worker: set.tags.worker ?? '', fields: own }] : [];
    });
    const isWatched = watched.includes(process) || outsides.has(process);
    const up = fields !== null || runtimes.length > 0 ? true : isWatched ? false : null;
    return { process, up, fields, runtimes };
  });
  return { timeMs: recent.timeMs, processes };
}

function outsideFields(recent: RecentRows, set: TaggedColumns | undefined): NewestFields | null {
  const quick = set && recent.newest(set, quickFields, graceRows);
  if (!set || !quick || quick.pid === null) return null;
  return { ...quick, ...recent.latest(set, slowFields) };
}
