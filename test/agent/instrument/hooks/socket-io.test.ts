import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Server, type Socket } from 'socket.io';
import { type Socket as Client, io as connect } from 'socket.io-client';
import { attachSocketIo } from '../../../../agent/instrument/hooks/socket-io.ts';
import { noDuration, reportedPart } from '../../../../workers/contract/wire.ts';
import { untilTrue } from '../../../support/servers.ts';
import { type Collector, collector } from './collector.ts';
import '../../../support/watchdog.ts';

interface Rig {
  readonly io: Server;
  readonly url: string;
  readonly seen: Collector;
  client(namespace?: string): Promise<Client>;
  /** Names of the events so far, with their namespaces. */
  events(): string[];
  [Symbol.asyncDispose](): Promise<void>;
}

async function rig(build: (io: Server) => void, seen = collector()): Promise<Rig> {
  const http = createServer();
  const io = new Server(http);
  attachSocketIo(seen, io);
  build(io);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const clients: Client[] = [];
  return {
    io,
    url,
    seen,
    client: async (namespace = '') => {
      const client = connect(url + namespace, {
        forceNew: true,
        transports: ['websocket'],
        reconnection: false,
      });
      clients.push(client);
      await new Promise<void>((resolve, reject) =>
        client.once('connect', resolve).once('connect_error', reject),
      );
      return client;
    },
    events: () => seen.socketEvents.map(({ event, namespace }) => `${event} ${namespace}`),
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
      await io.close();
    },
  };
}

const onEach = (io: Server, namespace: string | RegExp, handle: (socket: Socket) => void): void => {
  io.of(namespace).on('connection', handle);
};

test('connections of all namespaces and of several servers add up, and go again', async () => {
  const seen = collector();
  await using one = await rig((io) => onEach(io, '/chat', () => {}), seen);
  await using two = await rig(() => {}, seen);
  const clients = [await one.client(), await one.client('/chat'), await two.client()];
  await untilTrue(() => assert.equal(seen.counts.at(-1), 3));
  for (const client of clients) client.close();
  await untilTrue(() => assert.equal(seen.counts.at(-1), 0));
  assert.deepEqual(one.events().sort(), [
    'connect /',
    'connect /',
    'connect /chat',
    'disconnect /',
    'disconnect /',
    'disconnect /chat',
  ]);
  assert.equal(seen.parts, reportedPart.SOCKET);
});

test('an event is timed to its acknowledgement, where the client asked for one', async () => {
  await using app = await rig((io) =>
    onEach(io, '/', (socket) => {
      socket.on('save', (value: number, done: (value: number) => void) =>
        setTimeout(() => done(value + 1), 30),
      );
      socket.on('note', () => {});
    }),
  );
  const client = await app.client();
  assert.equal(await client.emitWithAck('save', 1), 2);
  client.emit('note', 'x');
  await untilTrue(() => assert.ok(app.events().includes('note /')));
  const [save] = app.seen.socketEvents.filter(({ event }) => event === 'save');
  const [note] = app.seen.socketEvents.filter(({ event }) => event === 'note');
  assert.ok(save!.durationUs >= 29_000 && save!.durationUs < noDuration);
  assert.equal(note!.durationUs, noDuration);
});

test('an event that is never acknowledged is counted when its socket closes', async () => {
  await using app = await rig((io) =>
    onEach(io, '/', (socket) => {
      socket.on('lost', () => {});
      socket.on('kept', (done) => done());
    }),
  );
  const client = await app.client();
  client.emit('lost', () => {});
  await client.emitWithAck('kept');
  client.close();
  await untilTrue(() => assert.ok(app.events().includes('disconnect /')));
  assert.deepEqual(
    app.seen.socketEvents.filter(({ event }) => event === 'lost').map(({ durationUs }) => durationUs),
    [noDuration],
  );
});

test('an acknowledgement that is sent twice is one event', async () => {
  await using app = await rig((io) =>
    onEach(io, '/', (socket) =>
      socket.on('twice', (done: () => void) => {
        done();
        done();
      }),
    ),
  );
  const client = await app.client();
  await client.emitWithAck('twice');
  await client.emitWithAck('twice');
  assert.equal(app.events().filter((event) => event === 'twice /').length, 2);
});

test('a namespace that a client made by naming it has the name of its pattern', async () => {
  await using app = await rig((io) =>
    onEach(io, /^\/tenant-\d+$/, (socket) => socket.on('x', (done) => done())),
  );
  const client = await app.client('/tenant-4711');
  await client.emitWithAck('x');
  assert.deepEqual(app.events(), ['connect ^\\/tenant-\\d+$', 'x ^\\/tenant-\\d+$']);
});

test('a broadcast is one event, whoever gets it', async () => {
  await using app = await rig((io) => {
    onEach(io, '/', (socket) => socket.on('tell', () => socket.broadcast.emit('told', 1)));
    onEach(io, '/chat', () => {});
  });
  const [one, two] = [await app.client(), await app.client()];
  const got = new Promise((resolve) => two.once('told', resolve));
  one.emit('tell');
  assert.equal(await got, 1);
  app.io.emit('all');
  app.io.to('room').emit('some');
  app.io.of('/chat').emit('chat');
  const emits = app.events().filter((event) => event.startsWith('emit:'));
  assert.deepEqual(emits, ['emit:told /', 'emit:all /', 'emit:some /', 'emit:chat /chat']);
});

test('the user is taken from socket.data', async () => {
  await using app = await rig((io) => {
    io.use((socket, next) => {
      socket.data.user = { id: 42 };
      next();
    });
    onEach(io, '/', (socket) => socket.on('x', (done) => done()));
  });
  const client = await app.client();
  await client.emitWithAck('x');
  assert.deepEqual(
    app.seen.socketEvents.map(({ user }) => user),
    ['42', '42'],
  );
});

test('a server that nobody attached is left alone', async () => {
  await using app = await rig(() => {});
  const other = new Server(0);
  const { port } = (other as unknown as { httpServer: { address(): AddressInfo } }).httpServer.address();
  const client = connect(`http://127.0.0.1:${port}`, { transports: ['websocket'] });
  await new Promise<void>((resolve) => client.once('connect', resolve));
  client.close();
  await other.close();
  assert.deepEqual(app.events(), []);
});

test('an event that no handler takes is unmatched, whatever a client calls it', async () => {
  await using app = await rig((io) =>
    onEach(io, '/', (socket) => {
      socket.once('x', (done) => done());
    }),
  );
  const client = await app.client();
  for (const name of ['made up', 'made up too', 'hasOwnProperty']) client.emit(name);
  await client.emitWithAck('x');
  assert.deepEqual(app.events(), ['connect /', 'unmatched /', 'unmatched /', 'unmatched /', 'x /']);
});

test('acknowledgements that are still to come are limited over all sockets', async () => {
  await using app = await rig((io) => onEach(io, '/', (socket) => socket.on('lost', () => {})));
  const clients = [await app.client(), await app.client(), await app.client()];
  for (const client of clients) for (let i = 0; i < 200; i++) client.emit('lost', () => {});
  await untilTrue(() => assert.equal(app.events().filter((event) => event === 'lost /').length, 200));
});

test('handlers stand in stacks as they would without', async () => {
  let stack = '';
  await using app = await rig((io) =>
    onEach(io, '/', (socket) =>
      socket.on('x', (done) => {
        stack = new Error('here').stack!;
        done();
      }),
    ),
  );
  const client = await app.client();
  await client.emitWithAck('x');
  assert.doesNotMatch(stack, /hooks\/socket-io\.ts/);
});
