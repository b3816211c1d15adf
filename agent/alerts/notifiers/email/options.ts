import { z } from 'zod';
import { file, onlyOne, secret, sendResolved, template, tlsConfig } from '../http-options.ts';
import { isAllowedHost } from '../target-guard.ts';

const smarthost = z
  .string()
  .superRefine((text, context) => {
    const place = splitHostPort(text);
    if (!place)
      context.addIssue({ code: 'custom', message: 'expected host:port, such as smtp.example.org:587' });
    else if (!isAllowedHost(place.host)) {
      const message = 'link-local, multicast, unspecified and metadata addresses are refused';
      context.addIssue({ code: 'custom', message });
    }
  })
  .optional()
  .describe('SMTP server as host:port; TLS from the start on port 465.');

const headers = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9-]+$/, { error: 'expected the name of a header' })
      .refine((name) => name.toLowerCase() !== 'message-id', { error: 'this header is set by the agent' }),
    z.string().describe('Text; a template.'),
  )
  .superRefine((record, context) => {
    const seen = new Set<string>();
    for (const name of Object.keys(record)) {
      const message = `another header is named ${name} already`;
      if (seen.has(name.toLowerCase())) context.addIssue({ code: 'custom', path: [name], message });
      seen.add(name.toLowerCase());
    }
  })
  .prefault({})
  .describe('Headers; Subject, To and From may be among them.');

/** One of `email_configs`. */
export const emailOptions = z
  .strictObject({
    send_resolved: sendResolved(false),
    to: z.string().min(1).describe('Addresses to send to, divided by commas; a template.'),
    from: template('Address of the sender; a template.'),
    smarthost,
    hello: z.string().min(1).prefault('localhost').describe('Name of this machine for the server.'),
    auth_username: z.string().min(1).optional().describe('User name for CRAM-MD5, LOGIN and PLAIN.'),
    auth_password: secret('Password for LOGIN and PLAIN.'),
    auth_password_file: file('File that holds it.'),
    auth_identity: z.string().min(1).optional().describe('Identity for PLAIN, if it is not the user name.'),
    auth_secret: secret('Secret for CRAM-MD5.'),
    auth_secret_file: file('File that holds it.'),
    require_tls: z.boolean().prefault(true).describe('Whether to send only over TLS.'),
    tls_config: tlsConfig.optional().describe('How to speak TLS.'),
    html: z.string().prefault('{{ template "email.default.html" . }}').describe('Body as HTML; a template.'),
    text: template('Body as text; a template.'),
    headers,
  })
  .superRefine((options, context) => {
    onlyOne(options, context, 'auth_password', 'auth_secret');
    const hasPassword = options.auth_password ?? options.auth_password_file;
    const hasSecret = options.auth_secret ?? options.auth_secret_file;
    if (options.auth_username && !hasPassword && !hasSecret) {
      const message = 'auth_username needs auth_password or auth_secret';
      context.addIssue({ code: 'custom', path: ['auth_username'], message });
    }
    for (const key of ['from', 'smarthost'] as const) {
      const message = `missing ${key}: give it here or smtp_${key} in global`;
      if (!options[key]) context.addIssue({ code: 'custom', path: [key], message });
    }
  });

export type EmailOptions = z.output<typeof emailOptions>;

/** Of `host:port`, `[::1]:25`; undefined when it is neither. The host comes without brackets. */
export function splitHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/@]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port < 1 || port > 65_535) return undefined;
  return { host: (match[1] ?? match[2])!, port };
}
