import { z } from 'zod';
import { notifyOptions, rulesOptions } from '../alerts/options.ts';
import { httpOptions } from '../http/options.ts';
import { agentOptions } from '../options.ts';
import { storeOptions } from '../pipeline/store-options.ts';
import { influxOptions } from '../sinks/influx/options.ts';
import { redisOptions } from '../sinks/redis/options.ts';
import { intakeOptions } from '../sources/intake/options.ts';
import { processesOptions } from '../sources/process/options.ts';
import { queuesOptions } from '../sources/queues/options.ts';

/** The whole of `agent.yml`: every part's own options under its key. */
export const configSchema = z.strictObject({
  agent: agentOptions,
  processes: processesOptions,
  queues: queuesOptions
    .prefault([{}])
    .describe(
      'Redis servers whose BullMQ queues are read, or false; by default that of REDIS_URL, else redis://127.0.0.1:6379.',
    ),
  intake: intakeOptions,
  redis: redisOptions.describe(
    'Redis that snapshots are published to, or false; by default that of REDIS_URL, else none: nothing is written to a Redis that was not named.',
  ),
  influx: influxOptions,
  store: storeOptions,
  http: httpOptions,
  rules: rulesOptions,
  notify: notifyOptions,
});

/** A checked configuration: durations in milliseconds, sizes in bytes, paths absolute, secrets read. Frozen. */
export type Config = z.output<typeof configSchema>;
