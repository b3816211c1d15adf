import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ShownAlert } from '../../agent/alert-shape.ts';
import { storePathOf } from '../../agent/pipeline/store-path.ts';
import { openReader } from '../../workers/store/reader.ts';
import { untilTrue } from '../support/servers.ts';
import * as stage from './alert-stage.ts';
import '../support/watchdog.ts';

const texts = [
  `it's "quoted" \`so\` and \\ back`,
  'two\nlines\r\nand a\ttab',
  '\u202Eright to left\u202C שלום',
  '<script>alert(1)</script> & {{ .Labels }}',
  'a,b=c {d="e"} 100% 😀 \u0000 zero',
  '__proto__',
  'constructor',
  ' ',
  'é e\u0301',
  'x'.repeat(10_240),
];

/** By names that objects know, too. */
const odd = Object.fromEntries([
  ...texts.map((text, i) => [`odd_${i}`, text] as const),
  ['__proto__', 'a label'],
  ['constructor', 'another'],
  ['toString', 'a third'],
]);

test('odd labels are the same in the rule, the store, the message and the answer, before and after a restart', async () => {
  const receiver = await stage.newReceiver();
  const labelled = ([name, text]: [string, string], inner: string) =>
    `label_replace(${inner}, "${name}", ${JSON.stringify(text)}, "", "")`;
  const expr = Object.entries(odd).reduce((inner, pair) => labelled(pair, inner), 'vector(1)');
  const annotations = { summary: '{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}' };
  const rule = { alert: 'odd "name"\n<b>', expr, labels: { constructor: 'the rule' }, annotations };
  const scene = await stage.newAlertStage(stage.ruleFile(rule), stage.tellAll([receiver]));
  const agent = await scene.start();
  await stage.untilTold(receiver, (told) => assert.equal(told.length, 1));
  await scene.untilKept(stage.settledWith(1));
  const wanted = sorted({ ...odd, ...rule.labels, alertname: rule.alert });
  const [told] = stage.toldTo(receiver)[0]!.alerts;
  assert.deepEqual(sorted(told!.labels), wanted, 'as it was told');
  // Templates see the labels of the sample.
  const summary = sorted(odd)
    .map(([name, text]) => `${name}=${text};`)
    .join('');
  assert.equal(told!.annotations.summary, summary);
  const [shown] = await stage.alertsOf(agent);
  assert.deepEqual(sorted(shown!.data.labels), wanted, 'as the answer has it');
  assert.equal(shown!.message, summary);
  await agent.stop('SIGKILL');
  const reader = openReader(storePathOf(agent.dataDir));
  assert.deepEqual(sorted(reader.alert(shown!.id)!.labels), wanted, 'as the store has it');
  reader.close();
  const again = await scene.start();
  await untilTrue(async () => {
    const [kept] = await stage.alertsOf(again);
    assert.deepEqual({ ...kept, data: sorted(kept!.data.labels) }, { ...shown, data: wanted } as unknown);
  });
  const one = await again.get<ShownAlert>(`/api/monitoring/alerts/${shown!.id}`);
  if (one) assert.deepEqual(sorted(one.data.labels), wanted);
  assert.equal(receiver.requests.length, 1);
});

function sorted(set: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(set).sort(([a], [b]) => (a < b ? -1 : 1));
}
