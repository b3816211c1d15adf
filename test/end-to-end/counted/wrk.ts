import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { untilTrue } from '../../support/servers.ts';
import { note } from '../../support/watchdog.ts';

/** What wrk measured on its side. */
export interface WrkResult {
  /** Answers. */
  readonly requests: number;
  /** Of these, with status 400 and above. */
  readonly notOk: number;
  /** Connections that broke and requests without an answer. */
  readonly failed: number;
  readonly p50Us: number;
  readonly p95Us: number;
  readonly p99Us: number;
}

const script = fileURLToPath(new URL('exactly.lua', import.meta.url));

/** Asks for `url` exactly `requests` times over `connections` connections; rejects when that takes a minute. */
export function wrk(url: string, requests: number, connections: number): Promise<WrkResult> {
  const args = ['-t1', `-c${connections}`, '-d60s', '--timeout', '30s', '-s', script, url];
  const child = spawn('wrk', args, {
    env: { ...process.env, NOVA_REQUESTS: String(requests) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  let isAnswered = false;
  child.stdout.setEncoding('utf8').on('data', (data) => {
    said += data;
    if (isAnswered || !said.includes('answered\n')) return;
    isAnswered = true;
    child.kill('SIGINT');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      const result = /^result (.*)$/m.exec(said)?.[1];
      if (isAnswered && result) resolve(JSON.parse(result) as WrkResult);
      else reject(new Error(`wrk did not come to an end: ${said}`));
    });
  });
}

/** A row of `/api/monitoring/routes`; durations in milliseconds. */
export interface RouteRow {
  readonly endpoint: string;
  readonly requests: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Whether they agree within 5 %; '' or which do not. */
function difference({ p50, p95, p99 }: RouteRow, { p50Us, p95Us, p99Us }: WrkResult): string {
  const pairs = [
    [p50, p50Us],
    [p95, p95Us],
    [p99, p99Us],
  ] as const;
  const wrong = pairs.filter(([ours, theirsUs]) => Math.abs((ours * 1000) / theirsUs - 1) > 0.05);
  return wrong.map(([ours, theirsUs]) => `${ours} ms against ${theirsUs} µs`).join(', ');
}

/** What a burst is asked of, and where its row is. */
export interface TimedRoute {
  readonly url: string;
  readonly endpoint: string;
  readonly requests: number;
  readonly connections: number;
  /** `/api/monitoring/routes` over a window. */
  readonly rows: (window: string) => Promise<readonly RouteRow[]>;
}

const windowSeconds = 20;

/**
 * The percentiles of a burst are those that wrk measured, within 5 %. On a machine that is busy with other things wrk
 * itself comes late to its answers, and measures that: so there are a few bursts, each with a window of its own, of which
 * one must agree.
 */
export async function assertSamePercentiles(route: TimedRoute): Promise<void> {
  const wrong: string[] = [];
  for (let burst = 0; burst < 5; burst++) {
    note(`burst ${burst} of ${route.endpoint}`);
    if (burst > 0) await new Promise((resolve) => setTimeout(resolve, (windowSeconds + 2) * 1000));
    const theirs = await wrk(route.url, route.requests, route.connections);
    let row: RouteRow | undefined;
    await untilTrue(async () => {
      const rows = await route.rows(`${windowSeconds}s`);
      row = rows.find(({ endpoint }) => endpoint === route.endpoint);
      assert.equal(row?.requests, theirs.requests);
    });
    const found = difference(row!, theirs);
    if (found === '') return;
    wrong.push(found);
  }
  assert.fail(wrong.join('; '));
}
