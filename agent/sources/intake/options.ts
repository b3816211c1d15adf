import { z } from 'zod';
import { duration } from '../../units.ts';

const enabledIntake = z
  .strictObject({
    socket: z
      .string()
      .min(1)
      .meta({ path: true })
      .optional()
      .describe('Unix socket to listen on; by default one of this user that both sides find unasked.'),
    host: z
      .string()
      .min(1)
      .meta({ examples: ['127.0.0.1'] })
      .optional()
      .describe('Address to listen on as well; needs `port`.'),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .meta({ examples: [7071] })
      .optional()
      .describe('TCP port to listen on as well; on 127.0.0.1 unless `host` says otherwise.'),
    group: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Group, by name or number, that may write to the socket (0660 in a 0750 folder); without it only this user may.',
      ),
    hashUsers: z
      .boolean()
      .prefault(true)
      .describe('Keep user ids as keyed hashes only; the key is made and kept in the data directory.'),
    slowQuery: duration('1ms', '1h')
      .prefault('500ms')
      .describe('A database query that takes longer is slow.'),
    sessionIdle: duration('1m', '1d')
      .prefault('30m')
      .describe('A session that is silent for longer is over.'),
  })
  .superRefine((intake, context) => {
    if (intake.host !== undefined && intake.port === undefined)
      context.addIssue({ code: 'custom', path: ['host'], message: 'host needs port beside it' });
  });

export const intakeOptions = z
  .union([z.literal(false), enabledIntake])
  .prefault({})
  .describe('Where the watched service reports its requests, queries and errors; false switches it off.');

/** What the intake gets when it is switched on. */
export type IntakeOptions = z.output<typeof enabledIntake>;
