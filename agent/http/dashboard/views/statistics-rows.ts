/** A row of /api/monitoring/routes or queries. Milliseconds; null is not known. */
export interface Statistics {
  readonly process: string | null;
  readonly errors: number;
  readonly errorRate: number | null;
  readonly avg: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

export interface RouteRow extends Statistics {
  readonly endpoint: string | null;
  readonly method: string | null;
  readonly requests: number;
  readonly requestsPerMinute: number | null;
  /** By class: `{'2xx': 12}`. */
  readonly statuses?: Readonly<Record<string, number>>;
}

export interface QueryRow extends Statistics {
  /** null: a raw query. */
  readonly model: string | null;
  readonly operation: string | null;
  readonly queries: number;
  readonly queriesPerMinute: number | null;
  readonly slow: number;
}

/** An answer with how long its rows are over: less than asked for where less is known. */
export interface StatisticsAnswer<Row> {
  readonly data: readonly Row[];
  readonly windowSeconds: number;
}

export function keyOfRoute({ process, method, endpoint }: RouteRow): string {
  return JSON.stringify([process, method, endpoint]);
}

export function keyOfQuery({ process, model, operation }: QueryRow): string {
  return JSON.stringify([process, model, operation]);
}

/** Whether more than one service is among them: only then does its name say something. */
export function hasServices(rows: readonly { readonly process: string | null }[]): boolean {
  return rows.some(({ process }) => process !== rows[0]!.process);
}

/** Classes of status in their order, with counts and each one's share: `2xx 98.2 %`. */
export function statusShares(statuses: Readonly<Record<string, number>>): {
  readonly status: string;
  readonly count: number;
  readonly percent: number;
}[] {
  const all = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  return Object.keys(statuses)
    .filter((status) => statuses[status]! > 0)
    .sort()
    .map((status) => ({ status, count: statuses[status]!, percent: (statuses[status]! * 100) / all }));
}
