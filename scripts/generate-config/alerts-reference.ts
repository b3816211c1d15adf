import { choicesOf, keysOf, type OptionNode, type Path, pathText } from '../../agent/config/option-tree.ts';
import { code, defaultText, table, valueText } from './markdown.ts';

const rulesText = `## Rules

Rule files are Prometheus's: groups of alerting and recording rules in PromQL, read as strictly as Prometheus reads them. A
group without an \`interval\` is evaluated at each tick. The metric of the field \`waiting\` of the measurement \`queue\` is
\`queue_waiting\`; a metric that a rule records is the measurement of that name, its field \`recorded\` in InfluxDB. A rule
sees the last 15 minutes from memory, longer ranges from the store. A series that was not read for five ticks, and at
least 30 s, has ended.

\`\`\`yaml
groups:
  - name: queues
    rules:
      - alert: mail-waits
        expr: queue_oldest_waiting_age_ms{queue="mail"} > 60000
        for: 2m
        labels: {severity: warning}
        annotations:
          summary: '{{ $labels.queue }} waits for {{ humanizeDuration (printf "%f" $value | toDuration) }}'
          nova_clear: queue_oldest_waiting_age_ms < 10000
\`\`\`

Annotations of ours, which Prometheus and promtool take for plain ones:

| annotation | value | what |
| --- | --- | --- |
| \`nova_no_data\` | \`keep\`, \`ok\` or \`alert\` | what becomes of alerts when nothing is known. Without it an alert whose source is down (\`agent_source_up\` is 0) is unknown, never resolved, and one whose series ended while its source is up is resolved, as in Prometheus. \`keep\`: stays as it is; \`ok\`: resolved in any case; \`alert\`: one alert that says so |
| \`nova_clear\` | PromQL | an alert that fires goes on until this gives a sample with its labels: hysteresis |

An alert is inactive, pending (\`for\`), firing, and resolved. Its state is kept in the store: after a restart what had elapsed
of \`for\` goes on, and nobody is told twice. Notifications carry the annotations \`cause\` and \`reach\`, \`unknown\` while a
source is down, and \`flapping\` for one that began and ended three times within its repeat interval. A queue that is paused
on purpose keeps the alerts about its depth quiet.

Without \`rules\` those of \`config/rules/*.yml\` in the working folder hold, else the shipped ones,
\`config/rules/nova.yml\` of nova-agent.
`;

const notifyText = `## Notifications

\`notify\` names a file in Alertmanager's own format, read as strictly as Alertmanager reads it: unknown keys are errors,
\`…_file\` keys bring secrets in, and \`\${VAR}\` works as in \`agent.yml\`. Without it alerts are seen in the API, in the
log and by \`nova-agent alerts list\` only. Ours beside Alertmanager's: \`alertmanager_configs\`, \`stdout_configs\`, \`heartbeat\`.

\`\`\`yaml
route:
  receiver: team
  group_by: [alertname]
  routes:
    - matchers: [severity="critical"]
      receiver: oncall
receivers:
  - name: team
    slack_configs:
      - {api_url_file: slack-url, channel: '#crm'}
  - name: oncall
    pagerduty_configs:
      - {routing_key_file: pagerduty-key}
\`\`\`

A notification is in the store before it is sent, is tried for 24 hours, and has one id all that time: the header
\`X-Nova-Notification-Id\` of a webhook, the Message-ID of an e-mail, the \`dedup_key\` of PagerDuty. Redirects are not
followed, link-local and metadata addresses are refused.
`;

/** Options that several receivers have alike: told once, under `global`. */
const shared: ReadonlySet<string> = new Set(['http_config', 'tls_config']);

/** How rules and notifications are written; `notify` is the tree of notify.yml. */
export function alertsReference(notify: OptionNode): string {
  const rows: string[][] = [];
  for (const [key, node] of Object.entries(keysOf(notify))) collectRows(node, [key], rows);
  return [rulesText, notifyText, table(['key', 'value', 'default', 'what'], rows)].join('\n');
}

function collectRows(node: OptionNode, path: Path, rows: string[][]): void {
  const name = path.at(-1);
  const items = choicesOf(node).find((choice) => choice.items)?.items;
  const children = Object.entries(keysOf(items ?? node));
  rows.push([
    code(pathText(path).replaceAll('[0]', '[]')),
    valueText(node),
    defaultText(node.default),
    node.description ?? '',
  ]);
  // Routes within routes are routes.
  if (name === 'routes' || (typeof name === 'string' && shared.has(name) && path[0] !== 'global')) return;
  for (const [key, child] of children) collectRows(child, items ? [...path, 0, key] : [...path, key], rows);
}
