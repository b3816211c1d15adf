import type { SMTPConnectionCustomAuthHandler } from 'nodemailer/lib/smtp-connection';
import { messageOf } from '../../../errors.ts';
import { NotifyError, ownWords } from '../notifier.ts';
import type { EmailOptions } from './options.ts';

/** How to prove who is sending: CRAM-MD5 with `auth_secret`, else what the server offers with `auth_password`. */
export function smtpAuth(options: EmailOptions) {
  const {
    auth_username: user,
    auth_password: password,
    auth_secret: secret,
    auth_identity: identity,
  } = options;
  if (user === undefined) return {};
  if (password === undefined) return { auth: { user, pass: secret, method: 'CRAM-MD5' } };
  if (identity === undefined) return { auth: { user, pass: password } };
  return {
    auth: { user, pass: password, method: 'PLAIN' },
    customAuth: { PLAIN: plainWithIdentity(identity) },
  };
}

/** SASL PLAIN with an authorization identity, which nodemailer leaves out. Source: RFC 4616. */
function plainWithIdentity(identity: string): SMTPConnectionCustomAuthHandler {
  return async ({ auth, sendCommand, resolve, reject }) => {
    const { user, pass } = auth.credentials;
    const answer = await sendCommand(`AUTH PLAIN ${base64(`${identity}\0${user}\0${pass}`)}`);
    if (answer.status >= 200 && answer.status < 300) resolve();
    else reject(answer.response);
  };
}

/**
 * What nodemailer says of a failure. A refusal with 5xx, and addresses that are none, are final; a login that is refused is
 * not: a person can mend it while the mail waits.
 */
export function smtpProblem(error: unknown, options: EmailOptions): NotifyError {
  if (error instanceof NotifyError) return error;
  const { code, responseCode } = error as { readonly code?: string; readonly responseCode?: number };
  const isRefused = responseCode !== undefined && responseCode >= 500 && code !== 'EAUTH';
  const isUnusable = responseCode === undefined && finalCodes.has(code ?? '');
  const words = code === 'EABORT' ? 'ended before the mail was taken' : messageOf(error);
  return new NotifyError(`${options.smarthost}: ${ownWords(words, secretsOf(options))}`, {
    retryable: !isRefused && !isUnusable,
    cause: error,
  });
}

const finalCodes = new Set(['EENVELOPE', 'EMAXRECIPIENTS', 'ECONFIG']);

function secretsOf(options: EmailOptions): string[] {
  const {
    auth_username: user = '',
    auth_password: password,
    auth_secret: secret,
    auth_identity = '',
  } = options;
  return [password, secret].flatMap((text) =>
    text === undefined
      ? []
      : [base64(`${auth_identity}\0${user}\0${text}`), base64(`\0${user}\0${text}`), base64(text), text],
  );
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
