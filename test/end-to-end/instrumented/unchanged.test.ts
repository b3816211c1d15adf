import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApplication } from './application.ts';
import { rawRequest, requestText } from './raw-request.ts';
import { buildRegistered, type Registered } from './registered.ts';
import '../../support/watchdog.ts';

let registered: Registered;
before(async () => {
  registered = await buildRegistered();
});
after(() => registered.remove());

const requests = [
  requestText('GET', '/'),
  requestText('GET', '/orgs/acme/users/7?token=secret'),
  requestText('POST', '/orgs/acme/users', '{"name":"x"}'),
  requestText('POST', '/orgs/acme/users', '{"name":'),
  requestText('GET', '/thrown/12'),
  requestText('GET', '/passed'),
  requestText('GET', '/answered'),
  requestText('GET', '/inside'),
  requestText('GET', '/events'),
  requestText('GET', '/nothing/here'),
  requestText('GET', '/orgs/%zz/users/1'),
  requestText('OPTIONS', '/'),
  requestText('HEAD', '/'),
  'GET / HTTP/1.0\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  'NONSENSE\r\n\r\n',
];

/** Where nobody listens. */
const away = { NOVA_AGENT_INTAKE_SOCKET: '/tmp/nova-agent-nobody/intake.sock' };

async function run(file: string, options: readonly string[], last: string) {
  const application = await startApplication(file, options, away);
  const answers: string[] = [];
  for (const request of requests) answers.push(await rawRequest(application.url, request));
  answers.push(await rawRequest(application.url, requestText('GET', last)));
  // A request that ends the service has ended it; otherwise a signal does.
  const ended = last === '/' ? application.end() : application.ended;
  return { answers, ...(await ended) };
}

for (const file of ['express4.cjs', 'fastify.mjs']) {
  describe(`with register and no agent, ${file} is the same to the byte`, () => {
    for (const [how, last] of [
      ['ended by a signal', '/'],
      ['ended by an error that nobody catches', '/crash'],
      ['ended by process.exit', '/exit'],
    ] as const) {
      test(`answers, output and exit code, ${how}`, async () => {
        const [plain, watched] = await Promise.all([
          run(file, [], last),
          run(file, registered.options, last),
        ]);
        assert.deepEqual(watched, plain);
        assert.equal(plain.answers.length, requests.length + 1);
        assert.match(plain.answers[0]!, /^HTTP\/1\.1 200 OK\r\n/);
      });
    }
  });
}
