import type { QuarantinedPoint, RefusedLine, SpoolResult, SpoolTask } from '../../workers/contract/tasks.ts';
import { messageOf } from '../errors.ts';

/** Where quarantined points are kept: the tick worker. */
export interface SpoolPort {
  spool(task: SpoolTask): Promise<SpoolResult>;
}

/** A destination that takes refused points again. */
export interface Replayer {
  readonly name: string;
  /** Sends them once more, between its own batches. Rejects when none could be tried. */
  replay(points: readonly QuarantinedPoint[]): Promise<ReplayOutcome>;
}

export interface ReplayOutcome {
  /** Ids of the points that it took. */
  readonly delivered: readonly number[];
  readonly refused: readonly ({ readonly id: number } & RefusedLine)[];
  /** Why the rest was not tried; '' when every point was. */
  readonly problem: string;
}

export interface ReplayRequest {
  /** Only these points; all when absent. */
  readonly ids?: readonly number[] | undefined;
  /** Only those of this destination. */
  readonly sink?: string | undefined;
  /** A mended line in place of the refused one; for one point. */
  readonly line?: string | undefined;
}

export interface ReplayReport {
  readonly delivered: number;
  readonly refused: readonly ({ readonly id: number } & RefusedLine)[];
  /** Why points were not tried, a text a destination; they stay as they are. */
  readonly problems: readonly string[];
}

/** More than the quarantines of all destinations hold. */
const everyPoint = 1_000_000;

/** Sends quarantined points again and settles what came of it. */
export async function replaySpool(
  port: SpoolPort,
  replayers: readonly Replayer[],
  request: ReplayRequest,
): Promise<ReplayReport> {
  const { ids, sink } = request;
  const { points } = await port.spool({ do: 'list', ids, sink, limit: everyPoint });
  const refused: ReplayReport['refused'][number][] = [];
  const problems: string[] = [];
  let delivered = 0;
  for (const replayer of replayers) {
    const own = points.filter(({ sink }) => sink === replayer.name);
    if (own.length === 0) continue;
    const lines = own.map((point) => ({ ...point, line: request.line ?? point.line }));
    const outcome = await replayer.replay(lines).catch(untried);
    await port.spool({ do: 'settle', delivered: outcome.delivered, refused: outcome.refused });
    delivered += outcome.delivered.length;
    refused.push(...outcome.refused);
    if (outcome.problem !== '') problems.push(`${replayer.name}: ${outcome.problem}`);
  }
  const orphans = new Set(points.map((point) => point.sink));
  for (const { name } of replayers) orphans.delete(name);
  for (const name of orphans) {
    problems.push(`${name}: no such destination in the configuration: add it again, or drop its points`);
  }
  return { delivered, refused, problems };
}

function untried(error: unknown): ReplayOutcome {
  return { delivered: [], refused: [], problem: messageOf(error) };
}
