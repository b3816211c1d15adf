import type { ReadyReport } from '../agent/ready-shape.ts';
import type { Snapshot } from '../agent/snapshot-shape.ts';

/** What a line of the demo is made of: answers of the monitoring API; null where it gave none. */
export interface AgentView {
  readonly snapshot: Snapshot;
  readonly routes: readonly { endpoint: string; method: string; p95: number | null }[] | null;
  readonly errors: readonly { count: number }[] | null;
  readonly users: readonly { active5m: number }[] | null;
}

/** The agent as anybody sees it: by its HTTP. */
export class DemoAgent {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** What `/ready` says, ready or not. */
  async ready(): Promise<ReadyReport> {
    return (await (await this.#get('/ready')).json()) as ReadyReport;
  }

  snapshot(): Promise<Snapshot> {
    return this.#data('snapshot');
  }

  async view(): Promise<AgentView> {
    const orNull = <T>(path: string) => this.#data<T>(path).catch(() => null);
    const [snapshot, routes, errors, users] = await Promise.all([
      this.snapshot(),
      orNull<AgentView['routes']>('routes'),
      orNull<AgentView['errors']>('errors?limit=500'),
      orNull<AgentView['users']>('users'),
    ]);
    return { snapshot, routes, errors, users };
  }

  async #data<T>(path: string): Promise<T> {
    const answer = await this.#get(`/api/monitoring/${path}`);
    const body = (await answer.json()) as { success: boolean; data: T; message?: string };
    if (!body.success) throw new Error(body.message ?? `status ${answer.status}`);
    return body.data;
  }

  #get(path: string): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}` };
    return fetch(this.url + path, { headers, signal: AbortSignal.timeout(3000) });
  }
}

/**
 * `cpu 12 % · memory 61 % · crm 8 % 96 MB · requests 1190/min 4 % failed, slowest GET /api/x p95 61 ms · queries
 * 3400/min · errors 12 in 6 groups · sockets 30, users 31 · queues 7, waiting 12, active 4, failed 1`; `?` is not known.
 */
export function summaryLine({ snapshot, routes, errors, users }: AgentView): string {
  const { system, processes, queues, api, database, socket } = snapshot;
  const queued = (field: 'waiting' | 'active' | 'failed') => shown(sum(queues?.map((one) => one[field])));
  const parts = [
    `cpu ${shown(system?.cpu.usage)} %`,
    `memory ${shown(system?.memory.usagePercent)} %`,
    ...(processes ?? []).map(
      ({ process, cpuUsage, memoryRss }) =>
        `${process} ${shown(cpuUsage)} % ${shown(megabytes(memoryRss))} MB`,
    ),
    `requests ${shown(api?.requestsPerMinute)}/min ${shown(api?.errorRate)} % failed, ${slowest(routes)}`,
    `queries ${shown(database?.totalQueries)}/min`,
    `errors ${shown(sum(errors?.map(({ count }) => count)) ?? errors?.length)} in ${shown(errors?.length)} groups`,
    `sockets ${shown(socket?.activeConnections)}, users ${shown(sum(users?.map(({ active5m }) => active5m)))}`,
    `queues ${shown(queues?.length)}, waiting ${queued('waiting')}, active ${queued('active')}, failed ${queued('failed')}`,
  ];
  return parts.join(' · ');
}

/** The route with the highest p95 of the last minute. */
function slowest(routes: AgentView['routes']): string {
  const timed = (routes ?? []).filter(({ p95 }) => p95 !== null);
  if (timed.length === 0) return 'slowest ?';
  const { method, endpoint, p95 } = timed.reduce((slow, one) => (one.p95! > slow.p95! ? one : slow));
  return `slowest ${method} ${endpoint} p95 ${shown(p95)} ms`;
}

function shown(value: number | null | undefined): string {
  return value === null || value === undefined ? '?' : String(Math.round(value));
}

function megabytes(bytes: number | null): number | null {
  return bytes === null ? null : bytes / 1024 / 1024;
}

/** Of what is known; null when nothing is. */
function sum(values: readonly (number | null)[] | undefined): number | null {
  const known = (values ?? []).filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}
