import { AgentError } from '../../errors.ts';
import { type InfluxOptions, missingFor } from './options.ts';
import type { Answer, Request } from './transport.ts';

export type InfluxVersion = 1 | 2 | 3;

/** How to write to one server: times in milliseconds. */
export interface Dialect {
  readonly version: InfluxVersion;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The write endpoint of a version:
 * 1.x https://docs.influxdata.com/influxdb/v1/tools/api/#write-http-endpoint ,
 * 2.x https://docs.influxdata.com/influxdb/v2/api/write-data/ ,
 * 3.x https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/ .
 */
export function dialectOf(version: InfluxVersion, options: InfluxOptions): Dialect {
  const { database = '', retentionPolicy, bucket = '', org = '' } = options;
  const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();
  const path = {
    1: () =>
      `/write?${query({ db: database, ...(retentionPolicy && { rp: retentionPolicy }), precision: 'ms' })}`,
    2: () => `/api/v2/write?${query({ org, bucket, precision: 'ms' })}`,
    3: () => `/api/v3/write_lp?${query({ db: database, precision: 'millisecond', accept_partial: 'true' })}`,
  }[version]();
  return {
    version,
    path,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...authorization(version, options) },
  };
}

/**
 * 1.x knows Basic, and Bearer for JSON Web Tokens; `Token user:password`, as other clients send it, only from 1.8 and
 * only on its 2.x endpoints, so such a token goes out as Basic. 2.x knows Token, 3.x Bearer.
 */
function authorization(version: InfluxVersion, options: InfluxOptions): Record<string, string> {
  const { user, password, token } = options;
  const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
  if (user !== undefined) return basic(`${user}:${password ?? ''}`);
  if (token === undefined) return {};
  if (version === 1 && token.includes(':')) return basic(token);
  const isWebToken = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
  return { authorization: `${version === 3 || (version === 1 && isWebToken) ? 'Bearer' : 'Token'} ${token}` };
}

/** Asks the server for its version, unless the options name it. @throws AgentError SINK_UNREACHABLE, SINK_REFUSED */
export async function findDialect(
  options: InfluxOptions,
  exchange: (request: Request) => Promise<Answer>,
): Promise<Dialect> {
  if (options.version !== 'auto') return dialectOf(options.version, options);
  const answer = await exchange({
    method: 'GET',
    path: '/ping',
    headers: authorization(options.bucket ? 2 : 3, options),
    body: '',
  });
  const version = versionOf(answer);
  if (version === undefined) throw unknownVersion(answer);
  const missing = missingFor(version, options);
  if (missing) {
    const problem = `the server is InfluxDB ${version}, and ${missing}`;
    throw new AgentError('SINK_REFUSED', problem);
  }
  return dialectOf(version, options);
}

/**
 * Every version answers /ping with the header X-Influxdb-Version: `1.8.10`, `v2.7.1`, `3.0.1` (1.6.7 says `1.6.7~rc0`);
 * 3.x also in a JSON body. InfluxDB Cloud 2 has no version, only X-Influxdb-Build: Cloud.
 * https://docs.influxdata.com/influxdb/v1/tools/api/#ping-http-endpoint ,
 * https://docs.influxdata.com/influxdb/v2/api/ping/ ,
 * https://docs.influxdata.com/influxdb3/core/api/server-information/
 */
export function versionOf(answer: Answer): InfluxVersion | undefined {
  const text = answer.header('x-influxdb-version') || bodyVersion(answer.body);
  const major = /^v?([123])\./.exec(text)?.[1];
  if (major) return Number(major) as InfluxVersion;
  return /cloud/i.test(answer.header('x-influxdb-build')) ? 2 : undefined;
}

function bodyVersion(body: string): string {
  try {
    const version = (JSON.parse(body) as { version?: unknown } | null)?.version;
    return typeof version === 'string' ? version : '';
  } catch {
    return '';
  }
}

function unknownVersion({ status }: Answer): AgentError {
  const problem =
    status === 401 || status === 403
      ? `/ping was answered ${status}: check token, or user and password, or set version`
      : `/ping was answered ${status} without a version: check url, or set version to 1, 2 or 3`;
  return new AgentError('SINK_REFUSED', problem, { retryable: status >= 500 });
}
