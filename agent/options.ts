import { z } from 'zod';
import { logLevels } from './log.ts';
import { duration } from './units.ts';

/** Tags that measurements carry themselves, and names that InfluxDB or PromQL keep for themselves. */
const reservedTags = new Set(
  (
    'process worker route method status model operation redis prefix queue path type fingerprint alertname ' +
    'severity sink source reason le quantile time'
  ).split(' '),
);

const mostTags = 32;

const tagName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
    error: 'expected a tag name of letters, digits and _ that does not begin with a digit',
    abort: true,
  })
  .refine((name) => !name.startsWith('__') && !reservedTags.has(name), {
    error: 'this tag name is reserved: the agent or its readers use it themselves',
  });

const tagValue = z.string().regex(/^[^\p{Cc}]{1,256}$/u, {
  error: 'expected text of 1 to 256 characters on one line',
});

export const agentOptions = z
  .strictObject({
    interval: duration('250ms', '1m').prefault('2s').describe('Time between two readings.'),
    dataDir: z
      .string()
      .min(1)
      .meta({ path: true })
      .prefault('~/.local/state/nova-agent')
      .describe(
        'Folder of the embedded store, owned by one agent; by default $STATE_DIRECTORY (its first folder), else nova-agent in $XDG_STATE_HOME or in ~/.local/state.',
      ),
    tags: z
      .record(tagName, tagValue)
      .refine((tags) => Object.keys(tags).length <= mostTags, { error: `expected at most ${mostTags} tags` })
      .meta({ examples: [{ env: 'production', region: 'eu' }] })
      .prefault({})
      .describe('Tags that every point carries; `host` is the host name unless it is given here.'),
    measurementPrefix: z
      .string()
      .regex(/^([A-Za-z_][A-Za-z0-9_]{0,63})?$/, {
        error: 'expected at most 64 letters, digits and _, not beginning with a digit',
      })
      .prefault('')
      .describe('Text put before every measurement name in InfluxDB.'),
    budget: z
      .strictObject({
        cpuPercent: z
          .number()
          .min(0.1)
          .max(1000)
          .prefault(2)
          .describe(
            'CPU that the agent may use, in percent of one core; over it for a minute it does less and says so.',
          ),
      })
      .prefault({})
      .describe('What the agent itself may cost.'),
    logLevel: z.enum(logLevels).prefault('info').describe('The least important messages to log.'),
  })
  .prefault({})
  .describe('The agent itself.');
