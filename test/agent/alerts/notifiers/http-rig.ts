import type { Notifier } from '../../../../agent/alerts/notifiers/notifier.ts';
import { startHttpReceiver } from '../../../support/http-receiver.ts';
import type { Behaviour, Rig } from './contract.ts';

export const tokenInPath = 'a-token-in-the-path-1234';
export const bearerToken = 'a bearer token';

/** What most HTTP notifiers are given beside their URL. */
export const httpConfig = { authorization: { credentials: bearerToken } };

/** A rig around an HTTP server; `url` has a secret path. */
export async function httpRig(
  create: (url: string) => Notifier,
  oddIn: (body: string) => string,
  secrets: readonly string[] = [],
): Promise<Rig> {
  const receiver = await startHttpReceiver();
  const usual = receiver.answer;
  const path = `/hook/${tokenInPath}`;
  const behave = (behaviour: Behaviour) => {
    receiver.answer = (response, request) => {
      if (behaviour === 'take') usual(response, request);
      if (behaviour === 'fail') response.writeHead(500).end('out of order');
      if (behaviour === 'refuse') response.writeHead(400).end(`no\n${'word '.repeat(4000)}`);
      if (behaviour === 'redirect') response.writeHead(302, { location: receiver.url }).end();
      if (behaviour === 'repeat secrets')
        response.writeHead(403).end(`${request.headers.authorization} ${request.path} ${request.body}`);
    };
  };
  return {
    notifier: create(receiver.url + path),
    behave,
    received: () => oddIn(receiver.requests.at(-1)!.body),
    count: () => receiver.requests.length,
    openSockets: receiver.openSockets,
    secrets: [tokenInPath, bearerToken, ...secrets],
    close: receiver.close,
  };
}
