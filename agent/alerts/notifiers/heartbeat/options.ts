import { z } from 'zod';
import { prometheusDuration } from '../../../units.ts';
import { file, httpConfig, needed, onlyOne, url } from '../http-options.ts';

/** Key `heartbeat`: ours. */
export const heartbeatOptions = z
  .strictObject({
    url: url('Address that hears of it as long as rules are evaluated.'),
    url_file: file('File that holds the URL.'),
    interval: prometheusDuration('1s', '1d').prefault('1m').describe('How often.'),
    method: z.enum(['GET', 'POST']).prefault('GET').describe('Method of the request.'),
    http_config: httpConfig.optional().describe('How to speak HTTP.'),
  })
  .superRefine((options, context) => {
    onlyOne(options, context, 'url');
    needed(options, context, 'url');
  });

export type HeartbeatOptions = z.output<typeof heartbeatOptions>;
