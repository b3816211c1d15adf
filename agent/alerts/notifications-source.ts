import { layoutText } from '../../workers/point/point.ts';
import type { Source } from '../sources/source.ts';
import type { Outbox } from './outbox.ts';
import type { WayOutCounts } from './way-out.ts';

const fields = [
  'notifications_sent_total',
  'notifications_failed_total',
  'notifications_waiting',
  'notifications_given_up_total',
  'notifications_superseded_total',
];

/** What became of notifications, by way out, as a source like any other. */
export function createNotificationsSource(outbox: Outbox): Source {
  let layout = '';
  let ways: readonly string[] = [];
  return {
    name: 'notifications',
    read: async () => {
      const counts = outbox.counts();
      if (counts.length !== ways.length || !counts.every((one, i) => sinkOf(one) === ways[i])) {
        ways = counts.map(sinkOf);
        layout = layoutText(ways.map((sink) => ({ measurement: 'agent', tags: { sink }, fields })));
      }
      const values = counts.flatMap(({ sent, failed, waiting, givenUp, superseded }) => [
        ...[sent, failed, waiting, givenUp, superseded],
      ]);
      return { source: 'notifications', layout, values: Float64Array.from(values) };
    },
    close: async () => {},
  };
}

function sinkOf({ receiver, integration }: WayOutCounts): string {
  return `notify/${receiver}/${integration}`;
}
