import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { findDialect } from './dialect.ts';
import type { InfluxOptions } from './options.ts';
import { InfluxTransport, type Request } from './transport.ts';
import { judge } from './verdict.ts';

export interface InfluxProbe {
  readonly ok: boolean;
  /** What was found, or what is wrong and how to mend it; no secrets. */
  readonly detail: string;
}

/**
 * Whether a destination answers, which version it is, and whether it would take writes; writes no point.
 *
 * An empty write is checked like any other for database, retention policy or bucket, and permission: 1.6.7 then
 * answers 204, 2.x 400 `writing requires points` (http/points_parser.go of influxdata/influxdb), 3.x 400.
 */
export async function probeInflux(options: InfluxOptions, clock: Clock): Promise<InfluxProbe> {
  const transport = new InfluxTransport(options.url, clock);
  const exchange = (request: Request) => transport.exchange(request, new AbortController().signal);
  try {
    const { version, path, headers } = await findDialect(options, exchange);
    const answer = await exchange({ method: 'POST', path, headers, body: '' });
    const verdict = judge(answer, 0, options, clock.now());
    if (verdict.do === 'hold' || verdict.do === 'wait') return { ok: false, detail: verdict.problem };
    const target = version === 2 ? `bucket ${options.bucket}` : `database ${options.database}`;
    return { ok: true, detail: `InfluxDB ${version} takes writes to ${target}` };
  } catch (error) {
    return { ok: false, detail: messageOf(error) };
  } finally {
    await transport.close();
  }
}
