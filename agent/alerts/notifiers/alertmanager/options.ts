import { z } from 'zod';
import { prometheusDuration } from '../../../units.ts';
import { file, httpConfig, needed, onlyOne, sendResolved, url } from '../http-options.ts';

/** One of `alertmanager_configs`: a key of ours in Alertmanager's style. */
export const alertmanagerOptions = z
  .strictObject({
    send_resolved: sendResolved(true),
    url: url('Address of an Alertmanager, without /api/v2/alerts.'),
    url_file: file('File that holds the URL.'),
    http_config: httpConfig.optional().describe('How to speak HTTP.'),
    resolve_after: prometheusDuration('1m', '30d')
      .prefault('7d')
      .describe(
        'How long an alert goes on there when nothing more is heard of it. Its end is always told, so this counts only when the agent is gone; it must be longer than repeat_interval.',
      ),
    timeout: prometheusDuration('100ms', '1m').prefault('10s').describe('How long to wait for an answer.'),
  })
  .superRefine((options, context) => {
    onlyOne(options, context, 'url');
    needed(options, context, 'url');
  });

export type AlertmanagerOptions = z.output<typeof alertmanagerOptions>;
