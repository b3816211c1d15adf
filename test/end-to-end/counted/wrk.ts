import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

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

/** Within 5 %. */
export function assertSamePercentiles({ p50, p95, p99 }: RouteRow, { p50Us, p95Us, p99Us }: WrkResult): void {
  for (const [ours, theirsUs] of [
    [p50, p50Us],
    [p95, p95Us],
    [p99, p99Us],
  ] as const) {
    const ratio = (ours * 1000) / theirsUs;
    assert.ok(ratio > 0.95 && ratio < 1.05, `${ours} ms against ${theirsUs} µs`);
  }
}
