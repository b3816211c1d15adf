import type { Notification } from '../../../workers/contract/alerts.ts';
import type { RuleTemplateContext } from '../../../workers/template/rule-template.ts';

const samples: ReturnType<RuleTemplateContext['query']> = [
  { labels: { a: '2', __name__: 'm' }, value: 3 },
  { labels: { a: '1' }, value: 4.5 },
];

/** What the templates of go-answers.json were expanded with. */
export const ruleContext: RuleTemplateContext = {
  alertName: 'A',
  labels: { instance: 'a.b.c:9100', job: 'j', x: '<b>&"\'', __name__: 'm', e: 'héllo' },
  value: 1234567.5,
  externalLabels: { region: 'eu' },
  externalUrl: 'http://h.example:9090/p/q',
  timeMs: 1_700_000_000_123,
  query(expr) {
    if (expr === 'boom') throw new Error('bad');
    if (expr === 'none') return [];
    return samples;
  },
};

export const externalUrl = 'http://h:7070/x?a=b';

export const nowMs = 1_700_000_600_500;

const summary = 'a <b>&\'"+c';

export const notification: Notification = {
  id: '1',
  receiver: 'team.x',
  integration: 'webhook/0',
  groupKey: '{}:{alertname="High"}',
  groupLabels: { alertname: 'High' },
  status: 'firing',
  reason: 'new',
  truncatedAlerts: 0,
  createdMs: 1_700_000_000_000,
  alerts: [
    {
      status: 'firing',
      fingerprint: '00ff',
      labels: { alertname: 'High', severity: 'critical', queue: '<script>alert(1)</script>' },
      annotations: { summary, cause: 'idle: 3 < 5', reach: '12 users' },
      startsAtMs: 1_700_000_000_123,
      endsAtMs: 0,
      value: 3,
      generatorUrl: 'javascript:alert(1)',
    },
    {
      status: 'resolved',
      fingerprint: '00fe',
      labels: { alertname: 'High', severity: 'critical', queue: 'mail' },
      annotations: { summary, description: 'd\ne' },
      startsAtMs: 1_700_000_000_000,
      endsAtMs: 1_700_000_300_000,
      value: 3,
      generatorUrl: "http://g/?q=a b&c='d'",
    },
  ],
};
