import type { AlertQuery, ShownAlert, SilenceRequest } from '../alert-shape.ts';
import { AgentError } from '../errors.ts';
import type { AlertDesk } from './alert-desk.ts';

/** How a test notification went, by one way out. */
export interface TestOutcome {
  readonly integration: string;
  /** '' when it was delivered. */
  readonly problem: string;
}

/** What `nova-agent alerts …` asks of the running agent, by name of the command. */
export function alertCommands(
  desk: AlertDesk,
  testNotify: (receiver: string) => Promise<readonly TestOutcome[]>,
): Readonly<Record<string, (body: unknown) => Promise<unknown>>> {
  return {
    'alerts-list': (body) => desk.list(body as AlertQuery),
    'alerts-show': (body) => each(body, (id) => desk.one(id), 'there is no alert with the id'),
    'alerts-ack': (body) => {
      const { by, comment } = body as { by: string; comment: string };
      return each<ShownAlert>(
        body,
        (id) => desk.acknowledge(id, by, comment),
        'no alert is pending or firing with the id',
      );
    },
    'alerts-silence': (body) => desk.silence(body as SilenceRequest),
    'alerts-silences': async () => desk.silences(),
    'alerts-unsilence': (body) =>
      each(
        body,
        async (id) => ((await desk.endSilence(id)) ? id : undefined),
        'no silence is in force or to come with the id',
      ),
    'alerts-test-notify': (body) => testNotify((body as { receiver: string }).receiver),
  };
}

/** One after the other; the first id that is none ends it. */
async function each<T>(
  body: unknown,
  ask: (id: string) => Promise<T | undefined>,
  missing: string,
): Promise<T[]> {
  const answers: T[] = [];
  for (const id of (body as { ids: readonly string[] }).ids) {
    const answer = await ask(id);
    if (answer === undefined) throw new AgentError('USAGE', `${missing} ${id}`);
    answers.push(answer);
  }
  return answers;
}
