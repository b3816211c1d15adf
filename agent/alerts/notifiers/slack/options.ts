import { z } from 'zod';
import { file, httpConfig, needed, onlyOne, sendResolved, template, url } from '../http-options.ts';

const byName = (part: string) => `{{ template "slack.default.${part}" . }}`;

const confirmation = z.strictObject({
  text: z.string().min(1).describe('Question; a template.'),
  title: template('Title of the dialogue; a template.'),
  ok_text: template('Text of the button that agrees; a template.'),
  dismiss_text: template('Text of the button that does not; a template.'),
});

const action = z
  .strictObject({
    type: z.string().min(1).describe('Kind of action, such as button.'),
    text: z.string().min(1).describe('Text of the button; a template.'),
    url: template('Where the button leads; a template.'),
    style: template('Style of the button.'),
    name: template('Name of the action; a template.'),
    value: template('Value of the action; a template.'),
    confirm: confirmation.optional().describe('Asks before the action is done.'),
  })
  .superRefine((options, context) => {
    if (!options.url && !options.name)
      context.addIssue({ code: 'custom', path: ['url'], message: 'an action needs url or name' });
  });

const field = z.strictObject({
  title: z.string().min(1).describe('Title; a template.'),
  value: z.string().min(1).describe('Value; a template.'),
  short: z.boolean().optional().describe('Whether it may stand beside another.'),
});

/** One of `slack_configs`. */
export const slackOptions = z
  .strictObject({
    send_resolved: sendResolved(false),
    api_url: url('URL of the incoming webhook, or of chat.postMessage.'),
    api_url_file: file('File that holds the URL.'),
    http_config: httpConfig.optional().describe('How to speak HTTP.'),
    channel: template('Channel or user to send to; a template.'),
    username: z.string().prefault(byName('username')).describe('Name of the sender; a template.'),
    color: z
      .string()
      .prefault('{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}')
      .describe('Colour of the bar; a template.'),
    title: z.string().prefault(byName('title')).describe('Title; a template.'),
    title_link: z.string().prefault(byName('titlelink')).describe('Where the title leads; a template.'),
    pretext: z.string().prefault(byName('pretext')).describe('Text above the message; a template.'),
    text: z.string().prefault(byName('text')).describe('Text; a template.'),
    fields: z.array(field).max(100).optional().describe('Table of titles and values.'),
    short_fields: z.boolean().prefault(false).describe('Whether fields stand beside one another.'),
    footer: z.string().prefault(byName('footer')).describe('Text below the message; a template.'),
    fallback: z.string().prefault(byName('fallback')).describe('Text without formatting; a template.'),
    callback_id: z.string().prefault(byName('callbackid')).describe('Identifier for actions; a template.'),
    icon_emoji: z.string().prefault(byName('iconemoji')).describe('Emoji as the icon; a template.'),
    icon_url: z.string().prefault(byName('iconurl')).describe('Picture as the icon; a template.'),
    image_url: template('Picture in the message; a template.'),
    thumb_url: template('Small picture beside the message; a template.'),
    link_names: z.boolean().prefault(false).describe('Whether names of channels and users become links.'),
    mrkdwn_in: z
      .array(z.string().min(1))
      .max(16)
      .optional()
      .describe('Parts with formatting [fallback, pretext, text].'),
    actions: z.array(action).max(20).optional().describe('Buttons.'),
  })
  .superRefine((options, context) => {
    onlyOne(options, context, 'api_url');
    needed(options, context, 'api_url', ', or slack_api_url in global');
  });

export type SlackOptions = z.output<typeof slackOptions>;
