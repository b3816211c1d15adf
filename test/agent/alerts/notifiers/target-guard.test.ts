import assert from 'node:assert/strict';
import dns, { type LookupAddress } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, mock, test } from 'node:test';
import { HttpClient } from '../../../../agent/alerts/notifiers/http-client.ts';
import { isAllowedAddress, isAllowedHost } from '../../../../agent/alerts/notifiers/target-guard.ts';
import { webhookOptions } from '../../../../agent/alerts/notifiers/webhook/options.ts';
import { systemClock as clock } from '../../../../agent/clock.ts';
import { startHttpReceiver } from '../../../support/http-receiver.ts';

const refused = [
  ...[
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '239.255.255.250',
  ],
  ...['255.255.255.255', '::', 'fe80::1', 'febf::1', 'ff02::1', 'fd00:ec2::254', '::ffff:169.254.169.254'],
  ...[
    '::ffff:a9fe:a9fe',
    '::ffff:0.0.0.0',
    '::a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    'fe80::1%lo',
  ],
];
const allowed = [
  '127.0.0.1',
  '::1',
  '10.0.0.1',
  '192.168.1.1',
  '172.16.0.1',
  '100.64.0.1',
  'fd00::1',
  '93.184.216.34',
];

for (const address of refused) {
  test(`notifications never go to ${address}`, () => assert.equal(isAllowedAddress(address), false));
}

for (const address of allowed) {
  test(`notifications may go to ${address}`, () => assert.equal(isAllowedAddress(address), true));
}

test('a host name is left to the lookup', () =>
  assert.equal(isAllowedHost('metadata.google.internal'), true));

for (const host of [
  '169.254.169.254',
  '2852039166',
  '0xa9.0xfe.0xa9.0xfe',
  '0251.0376.0251.0376',
  '[::ffff:a9fe:a9fe]',
]) {
  test(`a URL with the host ${host} is refused when it is read`, () => {
    assert.match(webhookOptions.safeParse({ url: `http://${host}/latest` }).error!.message, /metadata/);
  });
}

/** Lets every name lead to these addresses. */
function lead(addresses: () => LookupAddress[]): void {
  mock.restoreAll();
  mock.method(dns, 'lookup', (_: string, __: unknown, done: (error: null, found: LookupAddress[]) => void) =>
    setImmediate(() => done(null, addresses())),
  );
  syncBuiltinESMExports();
}

afterEach(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
});

test('a name that leads to a metadata service later is refused then', async () => {
  const receiver = await startHttpReceiver();
  const client = new HttpClient({ url: `http://rebound.test:${receiver.port}`, config: undefined, clock });
  const send = () => client.send({ method: 'GET', body: '' }, new AbortController().signal);
  try {
    lead(() => [{ address: '127.0.0.1', family: 4 }]);
    await send();
    lead(() => [{ address: '169.254.169.254', family: 4 }]);
    await assert.rejects(send, /metadata service: refused/);
    assert.equal(receiver.requests.length, 1);
  } finally {
    client.close();
    await receiver.close();
  }
});

test('of the addresses of a name only allowed ones are used', async () => {
  const receiver = await startHttpReceiver();
  const client = new HttpClient({ url: `http://several.test:${receiver.port}`, config: undefined, clock });
  try {
    lead(() => [
      { address: '169.254.169.254', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]);
    await client.send({ method: 'GET', body: '' }, new AbortController().signal);
    assert.equal(receiver.requests.length, 1);
  } finally {
    client.close();
    await receiver.close();
  }
});
