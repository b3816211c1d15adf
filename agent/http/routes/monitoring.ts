import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../clock.ts';
import type { Snapshot } from '../../snapshot-shape.ts';
import { answerJson, refuse } from '../answers.ts';
import { parseHistoryQuery } from '../history-query.ts';
import { QueryParameters, type RawQuery } from '../query-parameters.ts';
import type { HttpViews } from '../views.ts';

/** `/api/monitoring/…`: `{success: true, data}`. */
export function addMonitoringRoutes(
  app: FastifyInstance,
  views: HttpViews,
  clock: Clock,
  handlerTimeoutMs: number,
): void {
  app.get('/api/monitoring/snapshot', async (request, reply) => {
    new QueryParameters(request.query as RawQuery, []);
    const snapshot = views.snapshot();
    if (!snapshot) return refuse(reply, 503, 'there is no snapshot yet: the first tick is not over');
    return answerJson(reply, snapshotText(snapshot));
  });

  app.get('/api/monitoring/historical', { handlerTimeout: handlerTimeoutMs }, async (request, reply) => {
    const query = parseHistoryQuery(request.query as RawQuery, clock.now());
    if ('problem' in query) return refuse(reply, 400, query.problem);
    const data = await views.historical(query.fromMs, query.toMs, query.stepMs);
    return { success: true, data, stepSeconds: query.stepMs / 1000 };
  });

  /** However many look on, a snapshot becomes text once. */
  let newest: { readonly snapshot: Snapshot; readonly text: string } | undefined;
  function snapshotText(snapshot: Snapshot): string {
    if (newest?.snapshot !== snapshot) {
      newest = { snapshot, text: JSON.stringify({ success: true, data: snapshot }) };
    }
    return newest.text;
  }
}
