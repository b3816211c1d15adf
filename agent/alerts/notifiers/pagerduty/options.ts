import { z } from 'zod';
import { file, httpConfig, needed, onlyOne, secret, sendResolved, template, url } from '../http-options.ts';

/** Details that are always there unless given otherwise. */
const defaultDetails: Readonly<Record<string, string>> = {
  firing: '{{ template "pagerduty.default.instances" .Alerts.Firing }}',
  resolved: '{{ template "pagerduty.default.instances" .Alerts.Resolved }}',
  num_firing: '{{ .Alerts.Firing | len }}',
  num_resolved: '{{ .Alerts.Resolved | len }}',
};

const image = z.strictObject({
  src: template('Address of the picture; a template.'),
  alt: template('Text in place of it; a template.'),
  href: template('Where it leads; a template.'),
});

const link = z.strictObject({
  href: template('Where it leads; a template.'),
  text: template('Its text; a template.'),
});

/** One of `pagerduty_configs`: Events API v2 only, so there is no `service_key`. */
export const pagerdutyOptions = z
  .strictObject({
    send_resolved: sendResolved(true),
    http_config: httpConfig.optional().describe('How to speak HTTP.'),
    routing_key: secret('Integration key of the service; a template.'),
    routing_key_file: file('File that holds the key.'),
    url: url('Where events go.').prefault('https://events.pagerduty.com/v2/enqueue'),
    client: z
      .string()
      .prefault('{{ template "pagerduty.default.client" . }}')
      .describe('Name of the sender; a template.'),
    client_url: z
      .string()
      .prefault('{{ template "pagerduty.default.clientURL" . }}')
      .describe('Link to the sender; a template.'),
    description: z
      .string()
      .prefault('{{ template "pagerduty.default.description" . }}')
      .describe('Summary; a template.'),
    severity: z.string().min(1).prefault('error').describe('critical, error, warning or info; a template.'),
    source: template('What is affected [client]; a template.'),
    class: template('Kind of the event; a template.'),
    component: template('Part that is affected; a template.'),
    group: template('Group of such parts; a template.'),
    details: z
      .record(z.string(), z.string())
      .prefault({})
      .transform((details) => ({ ...defaultDetails, ...details }))
      .describe('Further facts by name; templates.'),
    images: z.array(image).max(50).prefault([]).describe('Pictures.'),
    links: z.array(link).max(50).prefault([]).describe('Links.'),
  })
  .superRefine((options, context) => {
    onlyOne(options, context, 'routing_key');
    needed(options, context, 'routing_key');
  });

export type PagerdutyOptions = z.output<typeof pagerdutyOptions>;
