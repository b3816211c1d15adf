import { workerData } from 'node:worker_threads';
import type { RulesResult, RulesTask } from '../contract/alert-tasks.ts';
import type { QuerySetup } from '../contract/tasks.ts';
import { eventLimits } from '../contract/window-cells.ts';
import { RequestReader } from '../events/request-reader.ts';
import { MetricRing } from '../ring/metric-ring.ts';
import { RingReader } from '../ring/ring-reader.ts';
import { useReader } from './query.ts';
import { RuleEvaluation } from './rule-evaluation.ts';

/** The task of the query worker that evaluates rules: loaded with PromQL and templates only where there are rules. */
const setup = workerData as QuerySetup;
const requests = new RequestReader(setup.events);
const evaluation = new RuleEvaluation({
  metrics: new MetricRing(setup.rings),
  reader: useReader,
  reach: {
    ring: new RingReader(setup.rings),
    requests: () => requests.newest(eventLimits.requests).map(({ request }) => request),
    errorUsers: (fingerprint, process) => useReader().errorGroup(fingerprint, process)?.users ?? null,
  },
});

/** One evaluation of the rules that are due. */
export function evaluateRules(task: RulesTask): RulesResult {
  return evaluation.evaluate(task);
}
