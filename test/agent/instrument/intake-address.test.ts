import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { intakeAddress } from '../../../agent/instrument/intake-address.ts';

describe('intake address', () => {
  test('is the socket of the environment before anything else', () => {
    const env = { NOVA_AGENT_INTAKE_SOCKET: '/a.sock', NOVA_AGENT_INTAKE: 'h:1' };
    assert.deepEqual(intakeAddress(env), { path: '/a.sock' });
  });

  test('is the host and port of the environment', () => {
    assert.deepEqual(intakeAddress({ NOVA_AGENT_INTAKE: 'localhost:7071' }), {
      host: 'localhost',
      port: 7071,
    });
    assert.deepEqual(intakeAddress({ NOVA_AGENT_INTAKE: '[::1]:7071' }), { host: '::1', port: 7071 });
  });

  test('is the socket of the user where the environment says nothing that can be read', () => {
    for (const text of ['', 'nonsense', 'h:0', 'h:65536', 'h:', ':1', 'a:b:1', 'h:1x']) {
      const address = intakeAddress({ NOVA_AGENT_INTAKE_SOCKET: '', NOVA_AGENT_INTAKE: text });
      assert.match((address as { path: string }).path, /nova-agent.*\/intake\.sock$/);
    }
  });
});
