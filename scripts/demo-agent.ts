import type { ReadyReport } from '../agent/ready-shape.ts';
import type { Snapshot } from '../agent/snapshot-shape.ts';

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

  async snapshot(): Promise<Snapshot> {
    const answer = await this.#get('/api/monitoring/snapshot');
    const body = (await answer.json()) as { success: boolean; data: Snapshot; message?: string };
    if (!body.success) throw new Error(body.message ?? `status ${answer.status}`);
    return body.data;
  }

  #get(path: string): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}` };
    return fetch(this.url + path, { headers, signal: AbortSignal.timeout(3000) });
  }
}

/** `cpu 12 % · memory 61 % · crm 8 % 96 MB · queues 3, waiting 12, active 4, failed 1`; `?` is not known. */
export function summaryLine({ system, processes, queues }: Snapshot): string {
  const sum = (field: 'waiting' | 'active' | 'failed') =>
    shown(queues?.reduce((total: number | null, one) => add(total, one[field]), null));
  const parts = [
    `cpu ${shown(system?.cpu.usage)} %`,
    `memory ${shown(system?.memory.usagePercent)} %`,
    ...(processes ?? []).map(
      ({ process, cpuUsage, memoryRss }) =>
        `${process} ${shown(cpuUsage)} % ${shown(megabytes(memoryRss))} MB`,
    ),
    `queues ${shown(queues?.length)}, waiting ${sum('waiting')}, active ${sum('active')}, failed ${sum('failed')}`,
  ];
  return parts.join(' · ');
}

function shown(value: number | null | undefined): string {
  return value === null || value === undefined ? '?' : String(Math.round(value));
}

function megabytes(bytes: number | null): number | null {
  return bytes === null ? null : bytes / 1024 / 1024;
}

function add(total: number | null, value: number | null): number | null {
  return value === null ? total : (total ?? 0) + value;
}
