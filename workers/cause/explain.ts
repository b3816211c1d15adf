import type {
  Alert,
  AlertCause,
  AlertingRule,
  AlertReach,
  LabelSet,
  MovedSeries,
} from '../contract/alerts.ts';
import type { RingReader } from '../ring/ring-reader.ts';
import { type MovedMetric, MovedSearch } from './moved-search.ts';
import { isAboutFailures, isFailure, isOwn, metricsOf, type ReadMetrics } from './own-series.ts';
import { queueCause } from './queue-cause.ts';
import { QueueStates } from './queue-state.ts';
import { ReachBook, type ReachSources } from './reach.ts';
import { joined, mostCharacters, movementText, seriesText, subjectOf } from './wording.ts';

export type { KnownRequest, ReachSources } from './reach.ts';

/** In `AlertCause.moved`, and in its text. */
const mostMoved = 10;
const mostTold = 4;
/** Beyond so many in one evaluation the others are left unexplained: causes are for people. */
const mostExplained = 500;

/** What alerts of one evaluation are explained by. It remembers what it read: make a new one for the next. */
export class CauseView {
  readonly ring: RingReader;
  readonly reach: ReachBook;
  readonly moved: MovedSearch;
  readonly #nowMs: number;
  readonly #read = new Map<string, ReadMetrics>();
  #queues: QueueStates | undefined;
  #explained = 0;

  /** `nowMs` is the time of the evaluation, `intervalMs` the interval between ticks that is in force. */
  constructor(sources: ReachSources, nowMs: number, intervalMs: number) {
    this.ring = sources.ring;
    this.#nowMs = nowMs;
    this.reach = new ReachBook(sources, nowMs);
    this.moved = new MovedSearch(sources.ring, intervalMs);
  }

  get queues(): QueueStates {
    this.#queues ??= new QueueStates(this.ring, this.#nowMs);
    return this.#queues;
  }

  metricsOf(expr: string): ReadMetrics {
    let read = this.#read.get(expr);
    if (!read) {
      read = metricsOf(expr);
      this.#read.set(expr, read);
    }
    return read;
  }

  /** True when this one may still be explained. */
  takeTurn(): boolean {
    return this.#explained++ < mostExplained;
  }
}

/**
 * Why an alert may have begun, and whom it touches, by what the ring of the last 15 minutes tells. Texts are at most
 * 500 characters, whatever the labels hold. Never throws for what it reads: what is not known is said to be.
 */
export function explainAlert(
  alert: Pick<Alert, 'labels' | 'activeAtMs'>,
  rule: Pick<AlertingRule, 'expr'>,
  view: CauseView,
): { readonly cause: AlertCause; readonly reach: AlertReach } {
  const read = view.metricsOf(rule.expr);
  const { labels } = alert;
  const reach = view.reach.of(labels, read);
  if (!view.takeTurn()) {
    const text = 'More alerts began at once than causes are looked for.';
    return { cause: { kind: 'unknown', text, moved: [] }, reach };
  }
  const found = view.moved.around(alert.activeAtMs);
  const others = found?.filter((metric) => !isOwn(metric, read, labels));
  const moved = others && (isAboutFailures(read) ? failuresFirst(others) : others).slice(0, mostMoved);
  const isOfQueue = read.has('queue') || labels.queue !== undefined;
  return { cause: isOfQueue ? causeOfQueue(labels, moved, view) : causeOf(moved), reach };
}

function causeOfQueue(
  labels: LabelSet,
  moved: readonly MovedMetric[] | undefined,
  view: CauseView,
): AlertCause {
  const queue = view.queues.find(labels);
  if (!queue) return causeOf(moved, 'Nothing is known of the queue now.');
  const { kind, sentences } = queueCause(queue);
  // Its own series are told in the sentences.
  const others = (moved ?? []).filter(
    ({ metric, tags }) =>
      metric.measurement !== 'queue' || tags.queue !== queue.tags.queue || tags.redis !== queue.tags.redis,
  );
  const text = joined(sentences);
  return { kind, text: joined([text, told('Moved with it: ', others, text)]), moved: seriesList(others) };
}

function causeOf(moved: readonly MovedMetric[] | undefined, before = ''): AlertCause {
  if (!moved)
    return { kind: 'unknown', text: joined([before, 'What moved with it is not known.']), moved: [] };
  if (moved.length === 0) {
    return { kind: 'unknown', text: joined([before, 'Nothing else moved in the same minutes.']), moved: [] };
  }
  return { kind: 'moved_with', text: joined([before, told('', moved, before)]), moved: seriesList(moved) };
}

/** A sentence of the furthest, one a subject, as many as have room behind another text; '' of none. */
function told(opening: string, moved: readonly MovedMetric[], before: string): string {
  const subjects = new Set<string>();
  let sentence = '';
  for (const { metric, tags, movement } of moved) {
    const subject = subjectOf(metric.measurement, tags);
    if (subjects.has(subject) || subjects.size === mostTold) continue;
    const text = movementText(metric, tags, movement.usual, movement.now);
    const longer = sentence === '' ? `${opening}${text}` : `${sentence}; ${text}`;
    if (before.length + longer.length + 2 > mostCharacters) break;
    subjects.add(subject);
    sentence = longer;
  }
  return sentence === '' ? '' : `${sentence}.`;
}

/** What fails says more of failures than what is slow, however far that is from usual. */
function failuresFirst(moved: readonly MovedMetric[]): MovedMetric[] {
  return [...moved.filter(isFailure), ...moved.filter((metric) => !isFailure(metric))];
}

/** Furthest first. */
function seriesList(moved: readonly MovedMetric[]): MovedSeries[] {
  return moved.map(seriesOf).sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
}

function seriesOf({ metric, tags, movement }: MovedMetric): MovedSeries {
  return { series: seriesText(`${metric.measurement}_${metric.field}`, tags), ...movement };
}
