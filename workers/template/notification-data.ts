import type { LabelSet, Notification, NotifiedAlert } from '../contract/alerts.ts';
import { Time, zeroTimeMs } from './time.ts';
import {
  type Callable,
  List,
  Struct,
  stringList,
  stringTable,
  Table,
  type TypeInfo,
  type Value,
} from './value.ts';

/** What notification templates see: Alertmanager's `template.Data`. */
export type NotificationData = Struct;

const pairType: TypeInfo = { name: 'template.Pair' };

const pairsType: TypeInfo = {
  name: 'template.Pairs',
  methods: new Map<string, Callable>([
    ['Names', { takes: [], call: (pairs: List) => stringList(partOf(pairs, 'Name')) }],
    ['Values', { takes: [], call: (pairs: List) => stringList(partOf(pairs, 'Value')) }],
    ['String', { takes: [], call: pairsText }],
  ]),
  text: pairsText,
};

const pairsOf = (labels: Table): List => sortedPairs(labels);

const labelsType: TypeInfo = {
  name: 'template.KV',
  underlying: 'map[string]string',
  methods: new Map<string, Callable>([
    ['SortedPairs', { takes: [], call: pairsOf }],
    ['Names', { takes: [], call: (labels: Table) => stringList(partOf(pairsOf(labels), 'Name')) }],
    ['Values', { takes: [], call: (labels: Table) => stringList(partOf(pairsOf(labels), 'Value')) }],
    ['Remove', { takes: ['[]string'], call: without }],
    ['String', { takes: [], call: (labels: Table) => pairsText(pairsOf(labels)) }],
  ]),
  text: (labels: Table) => pairsText(pairsOf(labels)),
};

const alertType: TypeInfo = {
  name: 'template.Alert',
  jsonNames: {
    ...{ Status: 'status', Labels: 'labels', Annotations: 'annotations', StartsAt: 'startsAt' },
    ...{ EndsAt: 'endsAt', GeneratorURL: 'generatorURL', Fingerprint: 'fingerprint' },
  },
};

const someAlertsType: TypeInfo = { name: '[]template.Alert', underlying: 'template.Alerts' };

const alertsType: TypeInfo = {
  name: 'template.Alerts',
  underlying: '[]template.Alert',
  methods: new Map<string, Callable>([
    ['Firing', { takes: [], call: (alerts: List) => alertsThatAre('firing', alerts) }],
    ['Resolved', { takes: [], call: (alerts: List) => alertsThatAre('resolved', alerts) }],
  ]),
};

const dataType: TypeInfo = {
  name: '*template.Data',
  jsonNames: {
    ...{
      Receiver: 'receiver',
      Status: 'status',
      Alerts: 'alerts',
      NotificationReason: 'notification_reason',
    },
    ...{ GroupLabels: 'groupLabels', CommonLabels: 'commonLabels', CommonAnnotations: 'commonAnnotations' },
    ExternalURL: 'externalURL',
  },
};

/** `alertname` first, the others by name. */
function sortedPairs(labels: Table): List {
  const names = labels.keys();
  const first = names.indexOf('alertname');
  if (first > 0) names.unshift(...names.splice(first, 1));
  return new List(
    pairsType,
    names.map((name) => {
      return new Struct(
        pairType,
        new Map<string, Value>([...([['Name', name]] as const), ['Value', labels.entries.get(name)]]),
      );
    }),
  );
}

function partOf({ items }: List, part: 'Name' | 'Value'): string[] {
  return items.map((pair) => (pair as Struct).fields.get(part) as string);
}

function pairsText(pairs: List): string {
  const values = partOf(pairs, 'Value');
  return partOf(pairs, 'Name')
    .map((name, index) => `${name}=${values[index]}`)
    .join(', ');
}

function without(labels: Table, names: List | undefined): Table {
  const removed = new Set(names?.items);
  return new Table(labelsType, new Map([...labels.entries].filter(([name]) => !removed.has(name))), '');
}

function alertsThatAre(status: NotifiedAlert['status'], { items }: List): List {
  return new List(
    someAlertsType,
    items.filter((alert) => (alert as Struct).fields.get('Status') === status),
  );
}

function labelsOf(labels: LabelSet): Table {
  return stringTable(labels, labelsType);
}

function alertOf(alert: NotifiedAlert): Struct {
  const fields: [string, Value][] = [
    ['Status', alert.status],
    ['Labels', labelsOf(alert.labels)],
    ['Annotations', labelsOf(alert.annotations)],
    ['StartsAt', new Time(alert.startsAtMs, 'UTC')],
    ['EndsAt', new Time(alert.endsAtMs === 0 ? zeroTimeMs : alert.endsAtMs, 'UTC')],
    ['GeneratorURL', alert.generatorUrl],
    ['Fingerprint', alert.fingerprint],
  ];
  return new Struct(alertType, new Map(fields));
}

/** Those that all alerts have with the same value. */
export function commonOf(sets: readonly LabelSet[]): LabelSet {
  const [first = {}, ...others] = sets;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((other) => other[name] === value)),
  );
}

/** The data of a notification as Alertmanager gives it to templates; `externalUrl` is where the dashboard is. */
export function notificationData(notification: Notification, externalUrl: string): NotificationData {
  const { receiver, status, alerts, reason, groupLabels } = notification;
  const fields: [string, Value][] = [
    ['Receiver', receiver.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')],
    ['Status', status],
    ['Alerts', new List(alertsType, alerts.map(alertOf))],
    ['NotificationReason', reason],
    ['GroupLabels', labelsOf(groupLabels)],
    ['CommonLabels', labelsOf(commonOf(alerts.map(({ labels }) => labels)))],
    ['CommonAnnotations', labelsOf(commonOf(alerts.map(({ annotations }) => annotations)))],
    ['ExternalURL', externalUrl],
  ];
  return new Struct(dataType, new Map(fields));
}
