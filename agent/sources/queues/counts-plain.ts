import type { Connection } from './connection.ts';
import { jobKeys, type QueueCounts } from './counts-script.ts';

/** Counts the jobs of queues in plain commands, for a Redis that forbids scripts; else as `countByScript`. */
export async function countPlainly(
  connection: Connection,
  keyBases: readonly string[],
): Promise<(QueueCounts | null)[]> {
  const perQueue = commandsOf('').length;
  const answers = await connection.callAll(keyBases.flatMap(commandsOf));
  const refused = answers.find(
    (answer) => answer instanceof Error && !answer.message.startsWith('WRONGTYPE'),
  );
  if (refused) throw refused;
  return keyBases.map((_, i) => countsOf(answers.slice(i * perQueue, (i + 1) * perQueue)));
}

function commandsOf(q: string): string[][] {
  return [
    ...jobKeys.map((key, k) => [k < 3 ? 'LLEN' : 'ZCARD', q + key]),
    ['HEXISTS', `${q}meta`, 'paused'],
    ['EXISTS', `${q}meta`, `${q}id`, `${q}events`],
    ['LINDEX', `${q}wait`, '-1'],
    ['LINDEX', `${q}paused`, '-1'],
  ];
}

function countsOf(answers: readonly unknown[]): QueueCounts | null {
  const number = (answer: unknown) => (typeof answer === 'number' ? answer : -1);
  const [paused, exists, ...ends] = answers.slice(jobKeys.length);
  const jobs = answers.slice(0, jobKeys.length).map(number);
  if (exists === 0 && jobs.every((count) => count === 0)) return null;
  ends.forEach((end, k) => {
    if (typeof end === 'string' && end.startsWith('0:')) jobs[k]!--;
  });
  return { jobs, paused: Math.max(0, number(paused)) };
}
