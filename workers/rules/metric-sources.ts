import { catalogue } from '../point/catalogue.ts';
import { type Expr, labelTest, type Matcher } from '../promql/index.ts';

/** Sources that the series of a selector come from. */
export interface SourceDependency {
  /** Name of the source; of a kind that has instances its beginning, as `queues/`. */
  readonly source: string;
  /** The label that names the instance; '' where there is only one. */
  readonly instanceLabel: string;
  /** Whether the selector may take series of this instance. */
  readonly takes: (instance: string) => boolean;
}

interface SourceKind {
  readonly source: string;
  readonly instanceLabel: string;
}

const host: SourceKind = { source: 'host', instanceLabel: '' };
const intake: SourceKind = { source: 'intake', instanceLabel: '' };
const queues: SourceKind = { source: 'queues/', instanceLabel: 'redis' };

/** Where the points of a measurement come from; those that are not here depend on no source. */
const kinds: Readonly<Record<string, SourceKind>> = {
  system: host,
  disk: { source: 'disk', instanceLabel: '' },
  process: { source: 'process/', instanceLabel: 'process' },
  queue: queues,
  redis: queues,
  runtime: intake,
  http: intake,
  db: intake,
  socket: intake,
  job: intake,
  errors: intake,
  users: intake,
  snapshot: intake,
};

/** Every metric of the catalogue with the kind of source that its series come from. */
const kindOfMetric = new Map<string, SourceKind | undefined>(
  Object.entries(catalogue).flatMap(([measurement, { fields }]) =>
    Object.keys(fields).map((field) => [`${measurement}_${field}`, kinds[measurement]]),
  ),
);
kindOfMetric.set('snapshot_cpuUsage', host);
kindOfMetric.set('snapshot_memoryUsage', host);

/** One selector of an expression: the metrics that it may take. */
export interface SelectedMetrics {
  readonly matchers: readonly Matcher[];
  /** undefined: any that the matchers fit. */
  readonly name: string | undefined;
}

/** The selectors of an expression, but for those below what is to be skipped. */
export function selectedMetrics(expr: Expr, skips: (expr: Expr) => boolean = () => false): SelectedMetrics[] {
  if (skips(expr)) return [];
  const below = (inner: Expr) => selectedMetrics(inner, skips);
  switch (expr.kind) {
    case 'selector': {
      const name = expr.matchers.find(({ name, op }) => name === '__name__' && op === '=')?.value;
      return [{ matchers: expr.matchers, name }];
    }
    case 'matrix':
      return below(expr.selector);
    case 'number':
    case 'string':
      return [];
    case 'binary':
      return [...below(expr.left), ...below(expr.right)];
    case 'call':
      return expr.args.flatMap(below);
    case 'aggregate':
      return [...below(expr.expr), ...(expr.param ? below(expr.param) : [])];
    default:
      return below(expr.expr);
  }
}

/** Metrics out of some names that a selector may take. */
export function metricsTaken({ matchers, name }: SelectedMetrics, names: Iterable<string>): string[] {
  if (name !== undefined) return [name];
  const tests = matchers.filter((matcher) => matcher.name === '__name__').map(labelTest);
  return [...names].filter((metric) => tests.every((test) => test(metric)));
}

/** The sources that the metrics which a selector may take come from. */
export function dependenciesOf(selected: SelectedMetrics): SourceDependency[] {
  const found = new Set<SourceKind>();
  for (const metric of metricsTaken(selected, kindOfMetric.keys())) {
    const kind = kindOfMetric.get(metric);
    if (kind) found.add(kind);
  }
  return [...found].map(({ source, instanceLabel }) => {
    const tests = selected.matchers.filter(({ name }) => name === instanceLabel).map(labelTest);
    return { source, instanceLabel, takes: (instance) => tests.every((test) => test(instance)) };
  });
}
