import { z } from 'zod';
import { prometheusDuration } from '../../../units.ts';
import { file, httpConfig, needed, onlyOne, sendResolved, url } from '../http-options.ts';

/** One of `webhook_configs`. */
export const webhookOptions = z
  .strictObject({
    send_resolved: sendResolved(true),
    url: url('Where to post to.'),
    url_file: file('File that holds the URL.'),
    http_config: httpConfig.optional().describe('How to speak HTTP.'),
    max_alerts: z
      .int()
      .min(0)
      .prefault(0)
      .describe('Most alerts in one message; further ones are counted. 0 is no limit.'),
    timeout: prometheusDuration('100ms', '1m').prefault('10s').describe('How long to wait for an answer.'),
  })
  .superRefine((options, context) => {
    onlyOne(options, context, 'url');
    needed(options, context, 'url');
  });

export type WebhookOptions = z.output<typeof webhookOptions>;
