import type { OlderQuery } from '../../../workers/contract/older.ts';
import type { Clock } from '../../clock.ts';
import { AgentError } from '../../errors.ts';
import type { Past } from '../sink.ts';
import { type Dialect, findDialect } from './dialect.ts';
import { selectStatement } from './influxql.ts';
import type { InfluxOptions } from './options.ts';
import { type Answer, InfluxTransport, type Request } from './transport.ts';

/** A million values and their times. */
const mostCharacters = 32 * 1024 * 1024;

/**
 * Reads back what was delivered, by InfluxQL over `/query`, which 1.x has and 2.x and 3.x offer for compatibility: there
 * `db` is the bucket, or the database. A request ends after 10 s (`requestTimeoutMs`).
 */
export function createInfluxPast(options: InfluxOptions, clock: Clock, measurementPrefix: string): Past {
  const transport = new InfluxTransport(options.url, clock);
  let dialect: Dialect | undefined;
  return {
    name: options.name,
    read: async (query: OlderQuery, signal: AbortSignal) => {
      const exchange = (request: Request) => transport.exchange(request, signal);
      dialect ??= await findDialect(options, exchange);
      const answer = await exchange({
        method: 'GET',
        path: pathOf(options, selectStatement(query, measurementPrefix)),
        headers: { ...dialect.headers, accept: 'application/json' },
        body: '',
        mostCharacters,
      });
      if (answer.status !== 200) throw refusal(answer);
      if (answer.body.length >= mostCharacters)
        throw new AgentError('SINK_REFUSED', 'that is more than a million values; ask for less');
      return answer.body;
    },
    close: () => transport.close(),
  };
}

function pathOf({ database, bucket, retentionPolicy }: InfluxOptions, statement: string): string {
  const query = new URLSearchParams({
    db: database ?? bucket ?? '',
    ...(retentionPolicy !== undefined && { rp: retentionPolicy }),
    epoch: 'ms',
    q: statement,
  });
  return `/query?${query.toString()}`;
}

function refusal({ status, body }: Answer): AgentError {
  if (status === 401 || status === 403)
    return new AgentError('SINK_REFUSED', `reading was answered ${status}: may this user or token read?`);
  return new AgentError('SINK_REFUSED', `reading was answered ${status}: ${body.slice(0, 200).trim()}`);
}
