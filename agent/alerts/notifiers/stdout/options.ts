import { z } from 'zod';
import { sendResolved } from '../http-options.ts';

/** One of `stdout_configs`: a key of ours in Alertmanager's style. */
export const stdoutOptions = z.strictObject({
  send_resolved: sendResolved(true),
  format: z
    .enum(['json', 'text'])
    .prefault('json')
    .describe('json: one line a notification; text: a few lines for a person.'),
});

export type StdoutOptions = z.output<typeof stdoutOptions>;
