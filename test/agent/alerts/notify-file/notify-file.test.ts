import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type LoadedNotify, loadNotifyFile } from '../../../../agent/alerts/notify-file/notify-file.ts';
import { AgentError } from '../../../../agent/errors.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notify-'));
});
after(() => rm(folder, { recursive: true }));

async function load(text: string, env: Record<string, string> = {}): Promise<LoadedNotify> {
  await writeFile(join(folder, 'notify.yml'), text);
  return loadNotifyFile('notify.yml', { env, cwd: folder });
}

async function problemsOf(text: string, env: Record<string, string> = {}): Promise<string[]> {
  try {
    await load(text, env);
  } catch (error) {
    assert.ok(error instanceof AgentError && error.code === 'NOTIFY_INVALID', String(error));
    return error.message.split('\n');
  }
  return [];
}

const team = `receivers:
  - name: team
`;
const route = `route:
  receiver: team
`;

describe('a notify file', () => {
  const refused: [name: string, text: string, problems: RegExp[]][] = [
    ['that is empty', '', [/^notify\.yml:1:1: route: this key is required/]],
    ['that is no map', '- a\n', [/^notify\.yml:1:1: expected a map/]],
    ['that is no YAML', 'route: [\n', [/^notify\.yml:2:1: /]],
    [
      'with an unknown key and the nearest known one',
      `${route}${team}inhibit_rule: []\n`,
      [/^notify\.yml:5:1: inhibit_rule: unknown key; did you mean "inhibit_rules"\?/],
    ],
    [
      'whose first route has no receiver',
      `route: {group_by: [a]}\n${team}`,
      [/^notify\.yml:1:1: route: the first route needs a receiver/],
    ],
    [
      'whose first route has conditions',
      `${route}  matchers: [a=b]\n${team}`,
      [/^notify\.yml:3:3: route\.matchers: the first route takes every alert/],
    ],
    [
      'whose first route continues',
      `${route}  continue: true\n${team}`,
      [/^notify\.yml:3:13: route\.continue: /],
    ],
    [
      'with a receiver that is not there, and the nearest',
      `${route}  routes:\n    - receiver: teem\n${team}`,
      [/^notify\.yml:4:17: route\.routes\[0\]\.receiver: there is no receiver "teem"; did you mean "team"\?/],
    ],
    [
      'with two receivers of one name',
      `${route}${team}  - name: team\n`,
      [/^notify\.yml:5:11: receivers\[1\]\.name: another receiver is named "team" already/],
    ],
    [
      'with a time interval that is not there',
      `${route}  routes: [{active_time_intervals: [day]}]\n${team}`,
      [/^notify\.yml:3:37: .*there is no time interval "day"/],
    ],
    [
      'with a label twice in group_by',
      `${route}  group_by: [a, b, a]\n${team}`,
      [/^notify\.yml:3:20: route\.group_by\[2\]: label "a" is in the list already/],
    ],
    [
      'with all labels and others in group_by',
      `${route}  group_by: [a, ...]\n${team}`,
      [/^notify\.yml:3:13: route\.group_by: "\.\.\." stands for all labels/],
    ],
    [
      'with an interval of nothing',
      `${route}  group_interval: 0s\n  repeat_interval: 0\n${team}`,
      [/^notify\.yml:3:19: route\.group_interval: /, /^notify\.yml:4:20: route\.repeat_interval: /],
    ],
    [
      'with a matcher that cannot be read',
      `${route}  routes:\n    - matchers:\n      - a=b\n      - a=~"("\n${team}`,
      [/^notify\.yml:6:9: route\.routes\[0\]\.matchers\[1\]: column \d+: .*missing closing \)/],
    ],
    [
      'with a regular expression that is none',
      `${route}${team}inhibit_rules:\n  - source_match_re: {a: '['}\n`,
      [/^notify\.yml:6:26: inhibit_rules\[0\]\.source_match_re\.a: this is no regular expression/],
    ],
    [
      'with a receiver of Alertmanager that there is not here',
      `${route}${team}    opsgenie_configs: [{}]\n`,
      [
        /^notify\.yml:5:5: receivers\[0\]\.opsgenie_configs: there is no such receiver here; there are webhook_configs, /,
      ],
    ],
    [
      'with a webhook to nowhere',
      `${route}${team}    webhook_configs: [{send_resolved: true}]\n`,
      [/^notify\.yml:5:23: receivers\[0\]\.webhook_configs\[0\]\.url: missing url/],
    ],
    [
      'with a variable that is not set',
      `${route}${team}    webhook_configs:\n    - url: \${HOOK}\n`,
      [/^notify\.yml:6:12: .*the variable HOOK is not set/],
    ],
    [
      'with a secret file that is not there',
      `${route}${team}    webhook_configs:\n    - url_file: none\n`,
      [
        /^notify\.yml:6:17: receivers\[0\]\.webhook_configs\[0\]\.url_file: cannot read .*\/none: there is no such file/,
      ],
    ],
    [
      'with time ranges that are none',
      `${route}${team}time_intervals:\n- name: a\n  time_intervals:\n  - weekdays: [mon]\n    days_of_month: ['5:1']\n    location: Mars\n`,
      [
        /^notify\.yml:8:16: .*such as monday:friday/,
        /^notify\.yml:9:21: .*ends before/,
        /^notify\.yml:10:15: .*time zone/,
      ],
    ],
    [
      'with every problem at once, in order',
      `rout: 1\n${team}    slack_configs: [{}]\nglobal: {smtp_form: x}\n`,
      [
        /^notify\.yml:1:1: /,
        /^notify\.yml:1:1: rout: unknown key/,
        /^notify\.yml:4:21: .*api_url/,
        /^notify\.yml:5:10: global\.smtp_form/,
      ],
    ],
  ];
  for (const [name, text, expected] of refused) {
    test(`${name} is refused with the place`, async () => {
      const problems = await problemsOf(text);
      assert.equal(problems.length, expected.length, problems.join('\n'));
      for (const [i, problem] of problems.entries()) assert.match(problem, expected[i]!);
    });
  }

  test('that is not there is refused by its name', async () => {
    await assert.rejects(loadNotifyFile('none.yml', { env: {}, cwd: folder }), {
      code: 'NOTIFY_INVALID',
      message: 'none.yml:1:1: cannot read this file: there is no such file',
    });
  });

  test('never shows a secret in a message', async () => {
    await writeFile(join(folder, 'secret'), 'ftp://hidden', { mode: 0o600 });
    const texts = [
      `${route}${team}    webhook_configs: [{url_file: secret}]\n`,
      `${route}${team}    webhook_configs: [{url: '\${HOOK}'}]\n`,
      `${route}${team}    webhook_configs: [{url: 'ftp://hidden'}]\n`,
    ];
    for (const text of texts) {
      const problems = await problemsOf(text, { HOOK: 'ftp://hidden' });
      assert.equal(problems.length, 1);
      assert.match(problems[0]!, /expected a URL/);
      assert.doesNotMatch(problems[0]!, /hidden/);
    }
  });
});

describe('what a notify file says', () => {
  test('is inherited from route to route', async () => {
    const { routing } = await load(`route:
  receiver: team
  group_by: [alertname]
  group_wait: 0s
  repeat_interval: 1h30m
  routes:
    - matchers: ['{severity="critical"}', team=~a|b]
      group_by: [...]
      continue: true
      routes: [{match: {code: 0500}, group_interval: 1m}]
    - group_by: []
    - group_by: []
${team}`);
    const [first, second, third] = routing.route.routes;
    assert.equal(first!.key, '{}/{severity="critical",team=~"a|b"}');
    assert.deepEqual([first!.groupBy, first!.continues, first!.groupWaitMs], [null, true, 0]);
    const [inner] = first!.routes;
    assert.deepEqual(inner!.matchers, [{ name: 'code', op: '=', value: '0500' }]);
    assert.deepEqual(
      [inner!.receiver, inner!.groupBy, inner!.continues, inner!.groupIntervalMs, inner!.repeatIntervalMs],
      ['team', null, false, 60_000, 5_400_000],
    );
    assert.deepEqual(second!.groupBy, ['alertname']);
    assert.deepEqual([second!.key, third!.key], ['{}/{}', '{}/{}#2']);
  });

  test('has the usual times when it says none', async () => {
    const { routing } = await load(`${route}${team}`);
    const { groupBy, groupWaitMs, groupIntervalMs, repeatIntervalMs } = routing.route;
    assert.deepEqual(
      [groupBy, groupWaitMs, groupIntervalMs, repeatIntervalMs],
      [[], 30_000, 300_000, 14_400_000],
    );
  });

  test('gives receivers their ways out, and what global says where they do not', async () => {
    const { receivers, routing, heartbeat } = await load(
      `global:
  smtp_smarthost: mail.example:587
  smtp_from: crm@example.org
  smtp_auth_username: crm
  smtp_auth_password: \${PASSWORD}
  smtp_require_tls: no
  slack_api_url: http://slack.example/x
  http_config: {authorization: {credentials: token}}
${route}${team}    email_configs: [{to: a@example.org, from: other@example.org}]
    slack_configs: [{channel: '#a'}]
    webhook_configs:
      - url: http://one.example
      - url: http://two.example
        send_resolved: off
        http_config: {}
    stdout_configs: [{}]
heartbeat: {url: http://dead.example}
`,
      { PASSWORD: 'pass' },
    );
    const options = Object.fromEntries(receivers[0]!.integrations.map((way) => [way.key, way.options]));
    assert.deepEqual(Object.keys(options), ['webhook/0', 'webhook/1', 'slack/0', 'email/0', 'stdout/0']);
    const email = options['email/0'] as unknown as Record<string, unknown>;
    assert.deepEqual(
      [email.from, email.smarthost, email.auth_password, email.require_tls],
      ['other@example.org', 'mail.example:587', 'pass', false],
    );
    const credentials = (key: string) =>
      (options[key] as { http_config?: { authorization?: { credentials?: string } } }).http_config
        ?.authorization?.credentials;
    assert.deepEqual(['webhook/0', 'webhook/1', 'slack/0'].map(credentials), ['token', undefined, 'token']);
    assert.equal(heartbeat!.http_config!.authorization!.credentials, 'token');
    assert.deepEqual(routing.receivers, [
      {
        name: 'team',
        integrations: [
          { key: 'webhook/0', sendResolved: true },
          { key: 'webhook/1', sendResolved: false },
          { key: 'slack/0', sendResolved: false },
          { key: 'email/0', sendResolved: false },
          { key: 'stdout/0', sendResolved: true },
        ],
      },
    ]);
  });

  test('may lie in files beside it', async () => {
    await writeFile(join(folder, 'hook'), 'http://hook.example/secret\n', { mode: 0o600 });
    await writeFile(join(folder, 'open'), 'key', { mode: 0o644 });
    await writeFile(join(folder, 'mine.tmpl'), '{{ define "mine" }}x{{ end }}');
    const { receivers, files, templates, notices } = await load(`templates: ['*.tmpl', 'none/*.tmpl']
${route}${team}    webhook_configs: [{url_file: hook}]
    pagerduty_configs: [{routing_key_file: open}]
`);
    const [webhook, pagerduty] = receivers[0]!.integrations;
    assert.ok(webhook?.type === 'webhook' && pagerduty?.type === 'pagerduty');
    assert.equal(webhook.options.url, 'http://hook.example/secret');
    assert.equal(pagerduty.options.routing_key, 'key');
    assert.deepEqual(templates, [{ name: join(folder, 'mine.tmpl'), text: '{{ define "mine" }}x{{ end }}' }]);
    assert.deepEqual(
      files,
      ['notify.yml', 'hook', 'open', 'mine.tmpl'].map((name) => join(folder, name)),
    );
    assert.equal(notices.length, 2);
    assert.match(notices.join('\n'), /open can be read by every user[\s\S]*no file fits none\/\*\.tmpl/);
  });

  test('has inhibition in the older and the newer form', async () => {
    const { routing } = await load(`${route}${team}inhibit_rules:
  - source_match: {severity: critical}
    source_match_re: {team: a|b}
    target_matchers: [severity="warning"]
    equal: [queue]
`);
    assert.deepEqual(routing.inhibitRules, [
      {
        sourceMatchers: [
          { name: 'severity', op: '=', value: 'critical' },
          { name: 'team', op: '=~', value: 'a|b' },
        ],
        targetMatchers: [{ name: 'severity', op: '=', value: 'warning' }],
        equal: ['queue'],
      },
    ]);
  });

  test('has times by either name', async () => {
    const { routing } = await load(`${route}${team}time_intervals:
  - name: office
    time_intervals:
      - times: [{start_time: '09:00', end_time: '17:30'}]
        weekdays: ['Monday:Friday']
        days_of_month: ['1:-1']
        months: ['january:3', 12]
        years: [2026, '2028:2030']
        location: Europe/Berlin
mute_time_intervals:
  - name: always
    time_intervals: [{}]
`);
    assert.deepEqual(routing.timeIntervals, {
      office: [
        {
          times: [{ from: 540, to: 1050 }],
          weekdays: [{ from: 1, to: 5 }],
          daysOfMonth: [{ from: 1, to: -1 }],
          months: [
            { from: 1, to: 3 },
            { from: 12, to: 12 },
          ],
          years: [
            { from: 2026, to: 2026 },
            { from: 2028, to: 2030 },
          ],
          location: 'Europe/Berlin',
        },
      ],
      always: [{ times: [], weekdays: [], daysOfMonth: [], months: [], years: [], location: 'UTC' }],
    });
  });

  test('is told to be without effect where it is', async () => {
    const { notices } = await load(`global: {telegram_api_url: http://x.example}
${route}  group_interval: 10m\n  repeat_interval: 5m\n${team}`);
    assert.deepEqual(notices.length, 2);
    assert.match(notices.join('\n'), /1:10: global\.telegram_api_url: has no effect/);
    assert.match(notices.join('\n'), /5:20: route\.repeat_interval: .*shorter than group_interval/);
  });

  test('is that nobody is called when there is no file', async () => {
    const { routing, receivers, files, heartbeat } = await loadNotifyFile(undefined, {
      env: {},
      cwd: folder,
    });
    assert.equal(routing.route.receiver, 'log');
    assert.deepEqual(receivers, [{ name: 'log', integrations: [] }]);
    assert.deepEqual([files, heartbeat], [[], null]);
  });
});
