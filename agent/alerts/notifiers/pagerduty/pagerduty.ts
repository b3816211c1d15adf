import { createHash } from 'node:crypto';
import type { Notification } from '../../../../workers/contract/alerts.ts';
import type { Clock } from '../../../clock.ts';
import { HttpClient } from '../http-client.ts';
import { type Notifier, NotifyError } from '../notifier.ts';
import { cutAt, Rendering, type Wording } from '../rendering.ts';
import type { PagerdutyOptions } from './options.ts';

/** Sources: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/, Alertmanager's maxEventSize. */
const mostSummaryCharacters = 1024;
const mostEventBytes = 512_000;

export interface PagerdutySetup extends Wording {
  readonly clock: Clock;
}

/** Sends events to PagerDuty's Events API v2: one incident a group of alerts. */
export function createPagerdutyNotifier(options: PagerdutyOptions, setup: PagerdutySetup): Notifier {
  const client = new HttpClient({ url: options.url!, config: options.http_config, clock: setup.clock });
  return {
    async send(notification, signal) {
      const rendering = new Rendering(setup.templates, notification, setup.externalUrl);
      const key = rendering.text(options.routing_key);
      if (key === '')
        throw new NotifyError('the template of routing_key gives nothing for this group', {
          retryable: false,
        });
      const body = encoded(pagerdutyEvent(options, rendering, notification, key));
      const headers = { 'content-type': 'application/json' };
      await client.send({ method: 'POST', headers, body, secrets: [key, options.routing_key!] }, signal);
    },
    close: async () => client.close(),
  };
}

/** As Alertmanager builds it, so that both name the same incident. Source: notify/pagerduty/pagerduty.go. */
function pagerdutyEvent(
  options: PagerdutyOptions,
  rendering: Rendering,
  notification: Notification,
  key: string,
) {
  const some = (template: string | undefined) => rendering.text(template) || undefined;
  const text = (template: string | undefined) => rendering.text(template);
  const details = Object.entries(options.details).map(([name, template]) => [name, text(template)]);
  const images = options.images.map(({ src, alt, href }) => ({
    src: text(src),
    alt: text(alt),
    href: text(href),
  }));
  const links = options.links.map((link) => ({ href: text(link.href), text: text(link.text) }));
  const shownImages = images.filter(({ src }) => src !== '');
  const shownLinks = links.filter(({ href }) => href !== '');
  return {
    routing_key: key,
    dedup_key: createHash('sha256').update(notification.groupKey).digest('hex'),
    event_action: notification.status === 'firing' ? 'trigger' : 'resolve',
    payload: {
      summary: cutAt(text(options.description), mostSummaryCharacters),
      source: text(options.source || options.client),
      severity: text(options.severity),
      class: some(options.class),
      component: some(options.component),
      group: some(options.group),
      custom_details: Object.fromEntries(details) as Record<string, string>,
    },
    client: some(options.client),
    client_url: some(options.client_url),
    images: shownImages.length > 0 ? shownImages : undefined,
    links: shownLinks.length > 0 ? shownLinks : undefined,
  };
}

/** The event as JSON; one that is too large goes without its details. */
function encoded(event: ReturnType<typeof pagerdutyEvent>): string {
  const text = JSON.stringify(event);
  if (Buffer.byteLength(text) <= mostEventBytes) return text;
  const error =
    'Custom details have been removed because the original event exceeds the maximum size of 512KB';
  return JSON.stringify({ ...event, payload: { ...event.payload, custom_details: { error } } });
}
