import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../agent/clock.ts';
import { AgentError } from '../../../agent/errors.ts';
import { createHttpServer } from '../../../agent/http/server.ts';
import { createLog } from '../../../agent/log.ts';
import { freePort } from '../../support/servers.ts';
import {
  adminToken,
  parseHttpOptions,
  quietViews,
  sendRaw,
  startHttp,
  testFolder,
  viewerToken,
} from './running-server.ts';
import '../../support/watchdog.ts';

const authorizations: readonly [what: string, header: string | undefined, status: number][] = [
  ['no header', undefined, 401],
  ['an empty header', '', 401],
  ['the scheme alone', 'Bearer', 401],
  ['another scheme', `Basic ${adminToken}`, 401],
  ['the token without a scheme', adminToken, 401],
  ['a wrong token', 'Bearer wrong-token-0123456789', 401],
  ['the beginning of a token', `Bearer ${adminToken.slice(0, -1)}`, 401],
  ['a token with more behind it', `Bearer ${adminToken}x`, 401],
  ['two tokens', `Bearer ${adminToken} ${viewerToken}`, 401],
  ['the admin token', `Bearer ${adminToken}`, 200],
  ['the token as InfluxDB clients send it', `Token ${adminToken}`, 200],
  ['the viewer token', `Bearer ${viewerToken}`, 200],
  ['the scheme in small letters', `bearer ${adminToken}`, 200],
];

for (const [what, header, status] of authorizations) {
  test(`${what} as Authorization answers ${status}`, async (t) => {
    const { ask } = await startHttp(t);
    const answer = await ask(
      '/api/monitoring/snapshot',
      header === undefined ? {} : { headers: { authorization: header } },
    );
    assert.equal(answer.status, status);
    assert.equal((answer.json as { success: boolean }).success, status === 200);
    if (status === 401) assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer realm=/);
  });
}

test('a token in the query string does not count', async (t) => {
  const { ask } = await startHttp(t);
  assert.equal((await ask(`/api/monitoring/snapshot?token=${adminToken}`)).status, 401);
});

for (const path of ['/api/nothing', '/nothing', '/api/monitoring/snapshot/', '/health/x']) {
  test(`without a token ${path} answers 401, with one 404`, async (t) => {
    const { ask, askAsAdmin } = await startHttp(t);
    assert.equal((await ask(path)).status, 401);
    const answer = await askAsAdmin(path);
    assert.equal(answer.status, 404);
    assert.deepEqual(answer.json, { success: false, message: `there is nothing at ${path}` });
  });
}

test('a method that a route does not take answers 405 with those that it does', async (t) => {
  const { askAsAdmin } = await startHttp(t);
  const answer = await askAsAdmin('/api/monitoring/snapshot?x=1', { method: 'POST', body: 'a=b' });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.allow, 'GET, HEAD');
  assert.equal((answer.json as { success: boolean }).success, false);
});

test('a method that HTTP servers rarely know answers JSON too', async (t) => {
  const { ask, askAsAdmin } = await startHttp(t);
  assert.equal((await ask('/api/x', { method: 'MKCOL' })).status, 401);
  assert.equal((await askAsAdmin('/api/x', { method: 'MKCOL' })).status, 404);
});

test('a viewer may not change anything', async (t) => {
  const { ask } = await startHttp(t);
  const headers = { authorization: `Bearer ${viewerToken}` };
  const answer = await ask('/api/monitoring/snapshot', { method: 'POST', headers });
  assert.equal(answer.status, 403);
  assert.match((answer.json as { message: string }).message, /"board" may only read/);
});

test('HEAD answers like GET, without the body', async (t) => {
  const { askAsAdmin } = await startHttp(t);
  const answer = await askAsAdmin('/api/monitoring/snapshot', { method: 'HEAD' });
  assert.equal(answer.status, 200);
  assert.equal(answer.text, '');
});

test('a URL that cannot be decoded answers 400', async (t) => {
  const { askAsAdmin } = await startHttp(t);
  const answer = await askAsAdmin('/api/%zz');
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.json, { success: false, message: 'this URL cannot be read' });
});

for (const [path, init] of [
  ['/health', {}],
  ['/api/monitoring/snapshot', {}],
  ['/api/%zz', {}],
  ['/health', { headers: { host: 'evil.example' } }],
] as const) {
  test(`${path} ${JSON.stringify(init)} carries the security headers`, async (t) => {
    const { ask } = await startHttp(t);
    const { headers } = await ask(path, init);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  });
}

const hosts: readonly [host: string, status: number][] = [
  ['127.0.0.1', 200],
  ['127.0.0.1:7070', 200],
  ['localhost:1', 200],
  ['LOCALHOST', 200],
  ['[::1]:7070', 200],
  ['evil.example', 403],
  ['evil.example:7070', 403],
  ['localhost.evil.example', 403],
  ['127.0.0.1.evil.example', 403],
  ['127.0.0.1:7070:1', 403],
];

for (const [host, status] of hosts) {
  test(`on loopback the Host ${host} answers ${status}`, async (t) => {
    const { ask } = await startHttp(t);
    const answer = await ask('/health', { headers: { host } });
    assert.equal(answer.status, status);
  });
}

test('a server that is not bound to loopback answers to any Host', async (t) => {
  const { ask } = await startHttp(t, { options: { host: '0.0.0.0' } });
  assert.equal((await ask('/health', { headers: { host: 'crm.example' } })).status, 200);
});

test('HTTP/1.0 without a Host header is answered', async (t) => {
  const { address } = await startHttp(t);
  assert.match(await sendRaw(address.port, 'GET /health HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
});

test('headers that do not arrive in time end the connection with 408', async (t) => {
  const limits = { headersTimeoutMs: 150, requestTimeoutMs: 200, checkEveryMs: 50 };
  const { address } = await startHttp(t, { limits });
  const text = await sendRaw(address.port, 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.match(text, /"success":false/);
});

test('a body that never arrives does not hold the connection', async (t) => {
  const limits = { headersTimeoutMs: 150, requestTimeoutMs: 200, checkEveryMs: 50 };
  const { address } = await startHttp(t, { limits });
  const head = `POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n`;
  assert.match(await sendRaw(address.port, `${head}\r\na`), /^HTTP\/1\.1 401 /);
});

test('a silent connection is closed', async (t) => {
  const { address } = await startHttp(t, { limits: { idleTimeoutMs: 100 } });
  assert.equal(await sendRaw(address.port, ''), '');
});

test('headers over 8 KB answer 431 as JSON', async (t) => {
  const { address } = await startHttp(t);
  const request = `GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(9000)}\r\n\r\n`;
  const text = await sendRaw(address.port, request);
  assert.match(text, /^HTTP\/1\.1 431 /);
  assert.match(text, /\{"success":false,/);
});

test('bytes that are not HTTP answer 400 as JSON', async (t) => {
  const { address } = await startHttp(t);
  const text = await sendRaw(address.port, 'hello\r\n\r\n');
  assert.match(text, /^HTTP\/1\.1 400 /);
  assert.match(text, /\{"success":false,/);
});

test('an error inside answers 500 without its words, which go to the log', async (t) => {
  const views = {
    snapshot: () => {
      throw new Error('disk /secret/place broke');
    },
  };
  const { askAsAdmin, logLines } = await startHttp(t, { views });
  const answer = await askAsAdmin('/api/monitoring/snapshot');
  assert.equal(answer.status, 500);
  assert.deepEqual(answer.json, { success: false, message: 'the agent could not answer; its log says why' });
  assert.ok(logLines.some((line) => line.includes('disk /secret/place broke')));
});

test('closing ends an answer that is still being made', async (t) => {
  let asked = () => {};
  const underWay = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const historical = () => {
    asked();
    return new Promise<never>(() => {});
  };
  const server = createHttpServer(parseHttpOptions({}), {
    views: { ...quietViews, historical },
    log: createLog('silent'),
    clock: systemClock,
    dataDir: await testFolder(t),
  });
  const { port } = await server.start();
  const head = `GET /api/monitoring/historical HTTP/1.1\r\nHost: localhost\r\n`;
  const answer = sendRaw(port, `${head}Authorization: Bearer ${adminToken}\r\n\r\n`).catch(() => '');
  await underWay;
  await server.close();
  assert.equal(await answer, '');
});

test('closing a server that never started does nothing', async (t) => {
  const parts = {
    views: quietViews,
    log: createLog('silent'),
    clock: systemClock,
    dataDir: await testFolder(t),
  };
  await assert.doesNotReject(createHttpServer(parseHttpOptions({}), parts).close());
});

test('a busy port is refused with who holds it', async (t) => {
  const port = await freePort();
  const code = `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`;
  const holder = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  await assert.rejects(startHttp(t, { options: { port } }), (error: AgentError) => {
    assert.equal(error.code, 'HTTP_PORT_TAKEN');
    assert.match(
      error.message,
      new RegExp(`127\\.0\\.0\\.1:${port} is taken: pid ${holder.pid} \\(.*node\\)`),
    );
    assert.ok(!error.message.includes('createServer'), 'arguments may hold secrets');
    assert.match(error.message, /http\.port or --http/);
    return true;
  });
});

test('an address of another machine is refused with what to change', async (t) => {
  await assert.rejects(startHttp(t, { options: { host: '192.0.2.1' } }), (error: AgentError) => {
    assert.equal(error.code, 'HTTP_FAILED');
    assert.match(error.message, /192\.0\.2\.1:0.*http\.host must be an address of this machine/);
    return true;
  });
});

test('the port is free again after a start that failed', async (t) => {
  const port = await freePort();
  const tls = { certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' };
  await assert.rejects(startHttp(t, { options: { port, tls } }), /http\.tls\.certFile/);
  const server = createServer();
  t.after(() => server.close());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
});

test('with a certificate it speaks HTTPS', async (t) => {
  const folder = await testFolder(t);
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes', '-newkey', 'ec', '-pkeyopt'];
  const curve = 'ec_paramgen_curve:prime256v1';
  execFileSync('openssl', ['req', '-x509', ...subject, curve, '-keyout', keyFile, '-out', certFile], {
    stdio: 'ignore',
  });
  const { address } = await startHttp(t, { options: { tls: { certFile, keyFile } } });
  assert.match(address.url, /^https:/);
  const status = await new Promise((resolve, reject) => {
    const call = get(`${address.url}/health`, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.once('error', reject);
  });
  assert.equal(status, 200);
});

test('a key that is not one is refused as HTTP_FAILED', async (t) => {
  const folder = await testFolder(t);
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await writeFile(certFile, 'no certificate');
  await writeFile(keyFile, 'no key');
  await assert.rejects(startHttp(t, { options: { tls: { certFile, keyFile } } }), (error: Error) => {
    assert.ok(error instanceof AgentError);
    assert.equal(error.code, 'HTTP_FAILED');
    return true;
  });
});
