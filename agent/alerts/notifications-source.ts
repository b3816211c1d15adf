import { layoutText } from '../../workers/point/point.ts';
import type { Source } from '../sources/source.ts';
import type { Outbox } from './outbox.ts';

const fields = [
  'notifications_sent_total',
  'notifications_failed_total',
  'notifications_waiting',
  'notifications_given_up_total',
  'notifications_superseded_total',
];

/** What became of notifications, by way out, as a source like any other. */
export function createNotificationsSource(outbox: Outbox): Source {
  const layout = layoutText(
    outbox.counts().map(({ receiver, integration }) => ({
      measurement: 'agent',
      tags: { sink: `notify/${receiver}/${integration}` },
      fields,
    })),
  );
  return {
    name: 'notifications',
    read: async () => ({
      source: 'notifications',
      layout,
      values: Float64Array.from(
        outbox
          .counts()
          .flatMap(({ sent, failed, waiting, givenUp, superseded }) => [
            sent,
            failed,
            waiting,
            givenUp,
            superseded,
          ]),
      ),
    }),
    close: async () => {},
  };
}
