import { z } from 'zod';

export const intakeOptions = z
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
      .describe('Group that may write to the socket (0660 in a 0750 folder); without it only this user may.'),
  })
  .superRefine((intake, context) => {
    if (intake.host !== undefined && intake.port === undefined)
      context.addIssue({ code: 'custom', path: ['host'], message: 'host needs port beside it' });
  })
  .optional()
  .describe('Where the watched service reports its requests, queries and errors.');
