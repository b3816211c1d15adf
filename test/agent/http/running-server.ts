import { rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../../agent/clock.ts';
import type { HttpLimits } from '../../../agent/http/limits.ts';
import { type HttpOptions, httpOptions } from '../../../agent/http/options.ts';
import { createHttpServer, type HttpAddress, type HttpServer } from '../../../agent/http/server.ts';
import type { HttpViews } from '../../../agent/http/views.ts';
import { createLog } from '../../../agent/log.ts';
import type { Snapshot } from '../../../agent/snapshot-shape.ts';
import { temporaryFolder } from '../../support/servers.ts';

export const adminToken = 'admin-token-0123456789';
export const viewerToken = 'viewer-token-0123456789';
export const now = Date.parse('2026-03-01T12:00:00.500Z');

export const exampleSnapshot: Snapshot = {
  timestamp: '2026-03-01T12:00:00.000Z',
  system: {
    timestamp: '2026-03-01T12:00:00.000Z',
    cpu: { usage: 12.5, cores: 2 },
    memory: { total: 4096, used: 1024, free: 512, usagePercent: 25 },
    uptime: null,
  },
  api: null,
  database: null,
  queues: [],
  socket: null,
};

export const quietViews: HttpViews = {
  onTick: () => {},
  onEvaluation: () => {},
  snapshot: () => exampleSnapshot,
  ready: () => ({ ready: true, parts: [], ledger: [] }),
  historical: async () => ({ rows: [], notice: '' }),
  requests: () => [],
  errorGroups: async () => [],
  errorGroup: async () => undefined,
  errorTrends: async () => [],
  seriesStats: async () => ({ spanMs: 60_000, series: [] }),
  users: () => null,
  written: async () => ({ stored: 0, refused: 0, leftOut: 0, reasons: [] }),
  processes: async () => ({ timeMs: 0, processes: [] }),
  queues: async () => ({ timeMs: 0, queues: [], hasMore: false, redis: [] }),
  percentiles: async () => ({ series: [], omitted: 0 }),
  marks: async () => ({ marks: [], hasMore: false }),
  alerts: {
    standing: () => ({
      version: 0,
      counts: { pending: 0, active: 0, acknowledged: 0, silenced: 0, unknown: 0 },
    }),
    list: async () => ({ alerts: [], next: null }),
    one: async () => undefined,
    acknowledge: async () => undefined,
    silences: () => [],
    silence: async () => {
      throw new Error('nobody silences here');
    },
    endSilence: async () => false,
  },
  rules: () => [],
  prometheus: {
    ask: async () => ({ errorType: 'unavailable', error: 'nobody evaluates here' }),
  },
  backtest: async () => 'busy',
  ledger: () => {
    throw new Error('there is no ledger here');
  },
  spool: {
    list: async () => [],
    replay: async () => ({ delivered: 0, refused: [], problems: [] }),
    drop: async () => 0,
  },
};

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
}

export interface RunningServer {
  readonly address: HttpAddress;
  readonly dataDir: string;
  readonly logLines: readonly string[];
  loginAddress: HttpServer['loginAddress'];
  close(): Promise<void>;
  ask(
    path: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Answer>;
  /** With the admin's token. */
  askAsAdmin(
    path: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Answer>;
}

interface Setup {
  readonly views?: Partial<HttpViews>;
  readonly limits?: Partial<HttpLimits>;
  readonly options?: Record<string, unknown>;
  readonly dataDir?: string;
  readonly clock?: Partial<Clock>;
  readonly pageFolder?: string;
}

export function parseHttpOptions(given: Record<string, unknown>): HttpOptions {
  const parsed = httpOptions.parse({
    port: 0,
    auth: {
      tokens: [
        { name: 'ops', role: 'admin', token: adminToken },
        { name: 'board', role: 'viewer', token: viewerToken },
      ],
    },
    ...given,
  });
  if (!parsed) throw new Error('http is off');
  return parsed;
}

/** A real server on a free port that ends with the test. */
export async function startHttp(t: TestContext, setup: Setup = {}): Promise<RunningServer> {
  const dataDir = setup.dataDir ?? (await testFolder(t));
  const logLines: string[] = [];
  const server = createHttpServer(parseHttpOptions(setup.options ?? {}), {
    views: { ...quietViews, ...setup.views },
    log: createLog('debug', (line) => logLines.push(line)),
    clock: { ...systemClock, now: () => now, ...setup.clock },
    dataDir,
    ...(setup.pageFolder !== undefined && { pageFolder: setup.pageFolder }),
    ...(setup.limits ? { limits: setup.limits } : {}),
  });
  t.after(() => server.close());
  const address = await server.start();
  const ask: RunningServer['ask'] = (path, init = {}) => askPort(address.port, path, init);
  return {
    address,
    dataDir,
    logLines,
    loginAddress: server.loginAddress,
    close: server.close,
    ask,
    askAsAdmin: (path, init = {}) =>
      ask(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${adminToken}` } }),
  };
}

export async function testFolder(t: TestContext): Promise<string> {
  const folder = await temporaryFolder();
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** `fetch` would not let a test choose the Host header. */
function askPort(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => {
        const isJson = response.headers['content-type']?.startsWith('application/json') && text !== '';
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          text,
          json: isJson ? JSON.parse(text) : undefined,
        });
      });
    });
    call.once('error', reject);
    call.end(body);
  });
}

/** Sends raw bytes and gives all that comes back until the server closes the connection. */
export function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(text));
  });
}
