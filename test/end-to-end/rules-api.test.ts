import '../support/watchdog.ts';
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LedgerReport } from '../../agent/ledger-shape.ts';
import { startAgent, testToken } from '../support/agent.ts';
import { temporaryFolder, untilTrue } from '../support/servers.ts';

const rules = `groups:
- name: trial
  interval: 500ms
  rules:
  - {alert: always, expr: system_uptime_seconds >= 0, labels: {severity: critical}}
  - {alert: never, expr: system_uptime_seconds < 0}
  - {alert: wrong, expr: 'system_load1 / on () {__name__=~"system_load.*"}'}
`;

interface Group {
  readonly name: string;
  readonly lastEvaluation: string | null;
  readonly rules: readonly {
    readonly name: string;
    readonly state: string;
    readonly health: string;
    readonly error: string;
    readonly alerts: readonly { readonly id: string }[];
  }[];
}

interface Report {
  readonly rules: readonly { readonly rule: string; readonly firings: number }[];
  readonly receivers: readonly object[];
}

test('a running agent tells of its rules, replays one over what it stored, and accounts for its points', async (t) => {
  const folder = await temporaryFolder('nova-agent-');
  const file = join(folder, 'rules.yml');
  await writeFile(file, rules);
  const agent = await startAgent({ agent: { interval: '500ms' }, rules: [file] }, { folder });
  t.after(async () => {
    await agent.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const standing = async () => {
    const [group] = await agent.get<Group[]>('/api/monitoring/rules');
    return Object.fromEntries(group!.rules.map((rule) => [rule.name, rule]));
  };
  await untilTrue(async () => {
    const { always } = await standing();
    if (always!.state !== 'firing') throw new Error(`it is ${always!.state}`);
  }, 30_000);
  const { always, never, wrong } = await standing();
  const [{ lastEvaluation }] = (await agent.get<[Group]>('/api/monitoring/rules'))!;
  assert.ok(Date.now() - Date.parse(lastEvaluation!) < 10_000, `evaluated last at ${lastEvaluation}`);
  assert.deepEqual([never!.state, never!.health], ['inactive', 'ok']);
  assert.deepEqual([wrong!.state, wrong!.health], ['unknown', 'err']);
  assert.match(wrong!.error, /many-to-many|duplicate/);
  const alert = await agent.get<{ type: string }>(`/api/monitoring/alerts/${always!.alerts[0]!.id}`);
  assert.equal(alert.type, 'always');

  const replay = async (body: object) => {
    const answer = await fetch(`${agent.url}/api/monitoring/backtest`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${testToken}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as { success: boolean; message?: string; data: Report };
  };
  const { data } = await replay({ rule: 'always', since: '1h' });
  assert.deepEqual(
    data.rules.map(({ rule, firings }) => [rule, firings]),
    [['always', 1]],
  );
  const tried = await replay({ file: rules.replace('< 0', '> 0'), since: '1h' });
  assert.deepEqual(
    tried.data.rules.map(({ rule, firings }) => [rule, firings]),
    [
      ['always', 1],
      ['never', 1],
      ['wrong', 0],
    ],
  );
  assert.match((await replay({ rule: 'alway' })).message!, /did you mean "always"\?/);

  const ledger = await agent.get<LedgerReport>('/api/monitoring/ledger');
  assert.ok(ledger.collected > 0 && ledger.cost.rssBytes! > 0);
  assert.ok(ledger.sources.some(({ source, up }) => source === 'host' && up));
});
