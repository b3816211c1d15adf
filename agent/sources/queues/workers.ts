import { connectionName } from './connection.ts';
import type { QueueId } from './queue-table.ts';

/**
 * Counts the workers of each queue in the reply of CLIENT LIST. BullMQ names a worker's blocking connection
 * `<prefix>:<queue in base64>`, and `…:w:<worker>` when the worker has a name (its getWorkers matches the same);
 * only those on database `db` are counted.
 *
 * Gives one number a queue, NaN for one whose name cannot be a client's; null when the list does not even show
 * this connection's own name, as on some managed servers: nothing can then be said.
 */
export function countWorkers(list: string, queues: readonly QueueId[], db: number): Float64Array | null {
  const counts = new Float64Array(queues.length);
  const indexes = new Map<string, number>();
  queues.forEach((queue, i) => {
    const name = workerName(queue);
    indexes.set(name, i);
    if (!canBeClientName(name)) counts[i] = Number.NaN;
  });
  let sawItself = false;
  for (const { name, inDb } of clientsOf(list)) {
    if (name === connectionName) sawItself = true;
    const i = inDb === db ? queueOf(name, indexes) : undefined;
    if (i !== undefined) counts[i]!++;
  }
  return sawItself ? counts : null;
}

/** Every client with a name; lines are searched, not split: a list can have thousands of them. */
function* clientsOf(list: string): Generator<{ name: string; inDb: number }> {
  let from = 0;
  while (from < list.length) {
    const lineEnd = list.indexOf('\n', from);
    const end = lineEnd < 0 ? list.length : lineEnd;
    const nameAt = list.indexOf(' name=', from) + 6;
    const nameEnd = list.indexOf(' ', nameAt);
    if (nameAt > 5 && nameEnd > nameAt && nameEnd < end) {
      const dbAt = list.indexOf(' db=', nameEnd) + 4;
      yield { name: list.slice(nameAt, nameEnd), inDb: Number.parseInt(list.slice(dbAt, dbAt + 6), 10) };
    }
    from = end + 1;
  }
}

function queueOf(name: string, indexes: ReadonlyMap<string, number>): number | undefined {
  const exact = indexes.get(name);
  if (exact !== undefined) return exact;
  for (let at = name.indexOf(':w:'); at >= 0; at = name.indexOf(':w:', at + 1)) {
    const index = indexes.get(name.slice(0, at));
    if (index !== undefined) return index;
  }
  return undefined;
}

function workerName({ prefix, name }: QueueId): string {
  return `${prefix}:${Buffer.from(name).toString('base64')}`;
}

/** CLIENT SETNAME takes printable ASCII without spaces only. */
function canBeClientName(name: string): boolean {
  return /^[!-~]+$/.test(name);
}
