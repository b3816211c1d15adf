import { parseArgs } from 'node:util';
import { alerting } from './alerting.ts';
import { backtest } from './backtest.ts';
import { busy } from './busy.ts';
import { delivery } from './delivery.ts';
import { event } from './event.ts';
import { histogram } from './histogram.ts';
import { history } from './history.ts';
import { httpCost } from './http-cost.ts';
import { idle } from './idle.ts';
import { loop } from './loop.ts';
import { type PageOptions, page } from './page.ts';
import { processes } from './processes.ts';
import { queues } from './queues.ts';
import { rangequery } from './rangequery.ts';
import { receiving } from './receiving.ts';
import { type Row, round } from './row.ts';
import { rules } from './rules.ts';
import { snapshotHttp } from './snapshot-http.ts';
import { store } from './store.ts';
import { viewers } from './viewers.ts';
import { written } from './written.ts';

const subjects: Readonly<Record<string, (options: PageOptions) => AsyncGenerator<Row>>> = {
  idle,
  processes,
  queues,
  delivery,
  store,
  loop,
  http: httpCost,
  histogram,
  event,
  receiving,
  busy,
  backtest,
  rules,
  rangequery,
  history,
  alerting,
  snapshot: snapshotHttp,
  viewers,
  page,
  written,
};

/** `npm run bench -- [SUBJECT…] [--json] [--full]`: ours, the named peer and the ratio, measured in one run. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, full: { type: 'boolean', default: false } },
  });
  const unknown = positionals.filter((name) => !Object.hasOwn(subjects, name));
  if (unknown.length > 0) {
    process.stderr.write(
      `no such subject: ${unknown.join(', ')}; there are ${Object.keys(subjects).join(', ')}\n`,
    );
    return 2;
  }
  if (!values.json)
    process.stdout.write(line('subject', 'measure', 'ours', 'peer', 'ratio', 'target', 'met'));
  for (const name of positionals.length > 0 ? positionals : Object.keys(subjects)) {
    for await (const row of subjects[name]!({ isFull: values.full }))
      process.stdout.write(values.json ? `${JSON.stringify(row)}\n` : tableLine(row));
  }
  return 0;
}

function tableLine({ subject, measure, ours, peer, peerName, ratio, target, met }: Row): string {
  const peerText = `${round(peer)} ${peerName}`;
  return line(subject, measure, `${round(ours)}`, peerText, `${round(ratio)}`, target, met ? 'yes' : 'NO');
}

function line(...[subject, measure, ours, peer, ratio, target, met]: string[]): string {
  return `${subject!.padEnd(10)} ${measure!.padEnd(58)} ${ours!.padStart(10)}  ${peer!.padEnd(34)} ${ratio!.padStart(8)}  ${target!.padEnd(9)} ${met}\n`;
}

process.exitCode = await main();
