import type { FastifyInstance } from 'fastify';
import { refuse } from '../answers.ts';
import { sendAnswer } from '../prometheus/answers.ts';
import { metrics } from '../prometheus/schemas.ts';
import type { HttpViews } from '../views.ts';
import { whileAsked } from '../while-asked.ts';

/** Prometheus gives a scrape 10 s unless told. */
const timeoutMs = 10_000;
const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const textType = 'text/plain; version=0.0.4; charset=utf-8';

/** `/metrics`: OpenMetrics 1.0 for who asks for it, else the text format 0.0.4. */
export function addMetricsRoute(app: FastifyInstance, views: HttpViews, handlerTimeout: number): void {
  const config = { takesPasswords: true };
  app.get('/metrics', { schema: metrics, config, handlerTimeout }, async (request, reply) => {
    const isOpenMetrics = prefersOpenMetrics(request.headers.accept ?? '');
    const answer = await whileAsked(reply, (signal) =>
      views.prometheus.ask({ ask: 'metrics', isOpenMetrics }, timeoutMs, signal),
    );
    if ('errorType' in answer) return refuse(reply, 503, answer.error);
    return sendAnswer(reply, answer, isOpenMetrics ? openMetricsType : textType);
  });
}

/** RFC 9110, section 12.5.1; what is not named has the weight of `*` and comes after what is. */
function prefersOpenMetrics(accept: string): boolean {
  const weightOf = (type: string) => {
    const weights = accept
      .split(',')
      .map((part) => part.trim().split(/\s*;\s*/))
      .filter(([name]) => name?.toLowerCase() === type)
      .map((part) => Number(part.find((one) => /^q=/i.test(one))?.slice(2) ?? 1));
    return Math.max(0, ...weights.filter((weight) => weight >= 0));
  };
  const weight = weightOf('application/openmetrics-text');
  return weight > 0 && weight >= weightOf('text/plain');
}
