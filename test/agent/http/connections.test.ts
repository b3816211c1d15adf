import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { rename, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectSecurely } from 'node:tls';
import { defaultHttpLimits } from '../../../agent/http/limits.ts';
import type { HttpViews } from '../../../agent/http/views.ts';
import { adminToken, quietViews, startHttp, testFolder } from './running-server.ts';
import '../../support/watchdog.ts';

/** Connections of a client that ends them with the test; `closed` resolves when the server has ended all. */
async function openMany(t: TestContext, port: number, count: number, greeting = '') {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  for (const socket of sockets) socket.on('error', () => {}).on('data', () => {});
  await Promise.all(sockets.map((socket) => (socket.connecting ? once(socket, 'connect') : undefined)));
  for (const socket of sockets) if (greeting !== '') socket.write(greeting);
  return { sockets, closed };
}

/** Sends a little more of its headers for as long as it is let. */
function drip(t: TestContext, sockets: readonly Socket[]): void {
  const timer = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('X-Slow: 1\r\n');
  }, 50);
  t.after(() => clearInterval(timer));
}

test('the usual limits close what is idle or slow within ten seconds', () => {
  const { headersTimeoutMs, keepAliveTimeoutMs, checkEveryMs } = defaultHttpLimits;
  // Fastify and Node look for keep-alive up to a second late.
  assert.ok(Math.max(headersTimeoutMs, keepAliveTimeoutMs + 1000) + checkEveryMs <= 9000);
});

const soon = { headersTimeoutMs: 800, requestTimeoutMs: 1000, keepAliveTimeoutMs: 500, checkEveryMs: 100 };
const ask = 'GET /health HTTP/1.1\r\nHost: localhost\r\n';

for (const [count, what, greeting] of [
  [1000, 'that say nothing', ''],
  [100, 'that send their headers byte by byte', ask],
  [100, 'that ask once and stay', `${ask}\r\n`],
] as const) {
  test(`${count} connections ${what} are closed, and /health answers meanwhile`, async (t) => {
    const server = await startHttp(t, { limits: soon });
    const { sockets, closed } = await openMany(t, server.address.port, count, greeting);
    if (greeting === ask) drip(t, sockets);
    assert.equal((await server.ask('/health')).status, 200);
    await closed;
    assert.equal((await server.ask('/health')).status, 200);
  });
}

test('when too many are open the longest idle one makes room', async (t) => {
  const limits = { maxConnections: 4, headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 };
  const server = await startHttp(t, { limits });
  const { sockets } = await openMany(t, server.address.port, 4);
  const longest = once(sockets[0]!, 'close');
  assert.equal((await server.ask('/health')).status, 200);
  await longest;
  assert.deepEqual(
    sockets.map(({ destroyed }) => destroyed),
    [true, false, false, false],
  );
});

test('who sends bodies that never end makes room, too, and keeps nobody out', async (t) => {
  const limits = { maxConnections: 4, headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 };
  const server = await startHttp(t, { limits });
  const headers = 'Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000';
  const greeting = `POST /api/session HTTP/1.1\r\n${headers}\r\n\r\n{`;
  const { sockets } = await openMany(t, server.address.port, 4, greeting);
  const longest = once(sockets[0]!, 'close');
  assert.equal((await server.ask('/health')).status, 200);
  await longest;
});

test('a request under way is never closed to make room', async (t) => {
  let [wasAsked, answerNow] = [() => {}, () => {}];
  const underWay = new Promise<void>((resolve) => (wasAsked = resolve));
  const views: Partial<HttpViews> = {
    historical: async (...range) => {
      wasAsked();
      await new Promise<void>((resolve) => (answerNow = resolve));
      return quietViews.historical(...range);
    },
  };
  const server = await startHttp(t, { views, limits: { maxConnections: 2 } });
  const answer = server.askAsAdmin('/api/monitoring/historical');
  await underWay;
  for (let i = 0; i < 5; i++) assert.equal((await server.ask('/health')).status, 200);
  answerNow();
  assert.equal((await answer).status, 200);
});

test('a body over 16 KB is refused before it is read', async (t) => {
  const { askAsAdmin } = await startHttp(t);
  const body = JSON.stringify({ comment: 'x'.repeat(17 * 1024) });
  const headers = { 'Content-Type': 'application/json' };
  const answer = await askAsAdmin('/api/monitoring/silences', { method: 'POST', headers, body });
  assert.equal(answer.status, 413);
  assert.equal((answer.json as { success: boolean }).success, false);
});

function makeCertificate(folder: string, name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-days', '2', '-nodes', '-newkey', 'ec', '-pkeyopt'];
  const files = ['-keyout', join(folder, 'key.new'), '-out', join(folder, 'cert.new')];
  const options = ['req', '-x509', ...subject, 'ec_paramgen_curve:prime256v1', ...files];
  execFileSync('openssl', options, { stdio: 'ignore' });
}

async function putInPlace(folder: string): Promise<void> {
  await rename(join(folder, 'key.new'), join(folder, 'key.pem'));
  await rename(join(folder, 'cert.new'), join(folder, 'cert.pem'));
}

/** Of the certificate that new connections get. */
async function nameAt(port: number): Promise<string> {
  const socket = connectSecurely({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

test('a renewed certificate is used without a restart, and a broken one changes nothing', async (t) => {
  const folder = await testFolder(t);
  const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  makeCertificate(folder, 'first');
  await putInPlace(folder);
  const server = await startHttp(t, { options: { tls }, limits: { tlsCheckEveryMs: 20 } });
  assert.equal(await nameAt(server.address.port), 'first');
  makeCertificate(folder, 'second');
  // Half of the new pair: the two do not fit together.
  await rename(join(folder, 'cert.new'), join(folder, 'cert.pem'));
  while (!server.logLines.some((line) => line.includes('the old certificate stays in use')))
    await nameAt(server.address.port);
  assert.equal(await nameAt(server.address.port), 'first');
  await rename(join(folder, 'key.new'), join(folder, 'key.pem'));
  while ((await nameAt(server.address.port)) !== 'second') assert.ok(await stat(tls.certFile));
});

test('over TLS the cookie is Secure', async (t) => {
  const folder = await testFolder(t);
  makeCertificate(folder, 'localhost');
  await putInPlace(folder);
  const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  const { address } = await startHttp(t, { options: { tls } });
  const body = JSON.stringify({ token: adminToken });
  const socket = connectSecurely({ port: address.port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.setEncoding('latin1');
  socket.write(
    `POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  let text = '';
  for await (const chunk of socket) text += chunk;
  assert.match(text, new RegExp(`set-cookie: __Host-nova-agent-${address.port}=[^;]+; .*; Secure\\r\\n`));
});
