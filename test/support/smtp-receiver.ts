import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came, dots unstuffed, lines divided by CRLF. */
  readonly text: string;
  readonly overTls: boolean;
}

/** Answers to commands, and to `CONNECT` and `MESSAGE` (the end of the data), in place of the usual ones; or `hang`. */
export type SmtpAnswers = Readonly<Record<string, string | ((line: string) => string | undefined)>>;

/** A small SMTP server (RFC 5321) that notes mails and answers as it is told. */
export interface SmtpReceiver {
  readonly port: number;
  readonly mails: ReceivedMail[];
  /** Lines of the clients. */
  readonly commands: string[];
  answers: SmtpAnswers;
  openSockets(): number;
  close(): Promise<void>;
}

export interface SmtpSetup {
  /** With it STARTTLS is offered. */
  readonly tls?: SecureContextOptions;
  /** Mechanisms to offer, such as `PLAIN LOGIN`. */
  readonly auth?: string;
  /** Whether a login is right, from the decoded response. */
  readonly isRight?: (response: string) => boolean;
}

export async function startSmtpReceiver(setup: SmtpSetup = {}): Promise<SmtpReceiver> {
  const sockets = new Set<Socket>();
  const receiver: SmtpReceiver = {
    port: 0,
    mails: [],
    commands: [],
    answers: {},
    openSockets: () => sockets.size,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    converse(socket, receiver, setup, false);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(receiver, { port: (server.address() as AddressInfo).port });
}

function converse(socket: Socket, receiver: SmtpReceiver, setup: SmtpSetup, overTls: boolean): void {
  let from = '';
  let to: string[] = [];
  let text: string | undefined;
  let rest = '';
  const say = (verb: string, usual: string, line = '') => {
    const told = receiver.answers[verb];
    const answer = (typeof told === 'function' ? told(line) : told) ?? usual;
    if (answer !== 'hang') socket.write(`${answer}\r\n`);
    return answer.startsWith('2') || answer.startsWith('3');
  };
  const command = (line: string) => {
    receiver.commands.push(line);
    const verb = line.split(' ', 1)[0]!.toUpperCase();
    if (verb === 'EHLO') {
      const offers = ['250-test', ...(setup.tls && !overTls ? ['250-STARTTLS'] : [])];
      if (setup.auth) offers.push(`250-AUTH ${setup.auth}`);
      say(verb, [...offers, '250 8BITMIME'].join('\r\n'));
    } else if (verb === 'STARTTLS') {
      if (!say(verb, '220 go on')) return;
      socket.removeAllListeners('data');
      const secure = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(setup.tls) });
      secure.on('error', () => {});
      converse(secure, receiver, setup, true);
    } else if (verb === 'AUTH') {
      const isRight = setup.isRight?.(Buffer.from(line.split(' ')[2] ?? '', 'base64').toString()) ?? true;
      say(verb, isRight ? '235 welcome' : '535 5.7.8 wrong');
    } else if (verb === 'MAIL') {
      from = line;
      to = [];
      say(verb, '250 ok');
    } else if (verb === 'RCPT') {
      if (say(verb, '250 ok', line)) to.push(line);
    } else if (verb === 'DATA') {
      if (say(verb, '354 go on')) text = '';
    } else if (verb === 'QUIT') {
      say(verb, '221 bye');
      socket.end();
    } else say(verb, '500 unknown');
  };
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString('latin1');
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (text === undefined) command(line);
      else if (line !== '.') text += `${line.startsWith('.') ? line.slice(1) : line}\r\n`;
      else {
        const mail = { from, to, text: Buffer.from(text, 'latin1').toString(), overTls };
        text = undefined;
        if (say('MESSAGE', '250 taken')) receiver.mails.push(mail);
      }
    }
  });
  if (!overTls) say('CONNECT', '220 test ESMTP');
}
