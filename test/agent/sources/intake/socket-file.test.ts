import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { freePort, untilTrue } from '../../../support/servers.ts';
import { eventsFrame } from './frame-makers.ts';
import { connectTo, handClock, startIntake, testFolder, untilConnected, untilReceived } from './rig.ts';

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? {} : { skip: 'only root may give files to others' };

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

/** The reason for which an intake with this socket does not listen. */
async function refusal(t: TestContext, socket: string, options: { group?: string } = {}): Promise<string> {
  const { intake } = await startIntake(t, { options: { ...options, socket } });
  let reason = '';
  await assert.rejects(
    intake.read({ timeMs: 0, slow: false }),
    (error: { code: string; message: string }) => {
      assert.equal(error.code, 'SOURCE_FAILED');
      reason = error.message;
      return true;
    },
  );
  return reason;
}

async function leaveSocket(path: string): Promise<void> {
  const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listens'))`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok((await stat(path)).isSocket());
}

test('the socket is this user’s alone and its folder too', async (t) => {
  const { path, folder, intake } = await startIntake(t);
  assert.equal(await modeOf(path), '600');
  assert.equal(await modeOf(join(folder, 'run')), '700');
  assert.deepEqual(await readdir(join(folder, 'run')), ['intake.sock']);
  assert.equal(intake.problem!(), '');
});

test('with a group its members may write', asRoot, async (t) => {
  const { path, folder } = await startIntake(t, { options: { group: '4711' } });
  assert.deepEqual([await modeOf(path), (await stat(path)).gid], ['660', 4711]);
  assert.deepEqual([await modeOf(join(folder, 'run')), (await stat(join(folder, 'run'))).gid], ['750', 4711]);
});

test('a group may be given by name', asRoot, async (t) => {
  const { path } = await startIntake(t, { options: { group: 'daemon' } });
  assert.equal((await stat(path)).gid, 1);
});

test('a private folder that is there is opened to the group', asRoot, async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'run'), { mode: 0o700 });
  await startIntake(t, { folder, options: { group: '4711' } });
  assert.equal(await modeOf(join(folder, 'run')), '750');
});

test('a group that does not exist is told', async (t) => {
  const socket = join(await testFolder(t), 'run', 's');
  assert.match(await refusal(t, socket, { group: 'no-such-group' }), /^there is no group "no-such-group"/);
});

test('a folder of another user is refused', asRoot, async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'run'), { mode: 0o700 });
  await chown(join(folder, 'run'), 4711, 0);
  const reason = await refusal(t, join(folder, 'run', 's'));
  assert.match(reason, /run belongs to user 4711, not to 0 that the agent runs as$/);
});

for (const mode of [0o720, 0o702, 0o1777]) {
  test(`a folder of mode ${mode.toString(8)} is refused`, async (t) => {
    const folder = await testFolder(t);
    await mkdir(join(folder, 'run'));
    await chmod(join(folder, 'run'), mode);
    const reason = await refusal(t, join(folder, 'run', 's'));
    assert.match(reason, new RegExp(`can be written to by others \\(mode ${mode.toString(8)}\\)`));
  });
}

test('a symbolic link in the folder’s place is refused', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'real'), { mode: 0o700 });
  await symlink(join(folder, 'real'), join(folder, 'run'));
  assert.match(await refusal(t, join(folder, 'run', 's')), /run is a symbolic link/);
  assert.deepEqual(await readdir(join(folder, 'real')), []);
});

test('a symbolic link in the socket’s place is refused, also one that leads nowhere', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'run'), { mode: 0o700 });
  await symlink(join(folder, 'elsewhere'), join(folder, 'run', 's'));
  assert.match(await refusal(t, join(folder, 'run', 's')), /run\/s is a symbolic link/);
  assert.deepEqual(await readdir(folder), ['run']);
});

test('a file in the socket’s place is refused and stays', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'run'), { mode: 0o700 });
  await writeFile(join(folder, 'run', 's'), 'precious');
  assert.match(await refusal(t, join(folder, 'run', 's')), /run\/s is not a socket/);
  assert.equal((await stat(join(folder, 'run', 's'))).size, 8);
});

test('a file in the folder’s place is refused', async (t) => {
  const folder = await testFolder(t);
  await writeFile(join(folder, 'run'), '');
  assert.match(await refusal(t, join(folder, 'run', 's')), /run is not a folder/);
});

test('a path that is too long is told how long it may be', async (t) => {
  const folder = join(await testFolder(t), 'x'.repeat(100));
  assert.match(await refusal(t, join(folder, 's')), /has \d+ bytes; a socket's path may have 107$/);
});

test('the longest path that a socket may have is taken', async (t) => {
  const folder = join(await testFolder(t), 'run');
  const socket = join(folder, 's'.repeat(107 - Buffer.byteLength(folder) - 1));
  const { intake } = await startIntake(t, { options: { socket } });
  assert.equal(intake.problem!(), '');
  await connectTo(t, socket);
});

test('a socket that a killed agent left is replaced', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'run'), { mode: 0o700 });
  await leaveSocket(join(folder, 'run', 'intake.sock'));
  const rig = await startIntake(t, { folder });
  const sender = await connectTo(t, rig.path);
  sender.send(eventsFrame(0));
  await untilReceived(rig, 1);
});

test('a socket that another agent answers on is left alone, and taken over within 30 s of its end', async (t) => {
  const clock = handClock();
  const first = await startIntake(t);
  const second = await startIntake(t, { folder: first.folder, clock });
  await assert.rejects(second.intake.read({ timeMs: 0, slow: false }), {
    message: `another agent listens on ${first.path}; name another intake.socket for one of the two`,
  });
  const sender = await connectTo(t, first.path);
  sender.send(eventsFrame(0));
  await untilReceived(first, 1);
  await first.intake.close();
  clock.pass(29_999);
  await assert.rejects(second.intake.read({ timeMs: 0, slow: false }));
  clock.pass(1);
  await second.intake.read({ timeMs: 0, slow: false });
  const next = await connectTo(t, first.path);
  next.send(eventsFrame(0));
  await untilReceived(second, 1);
});

test('an agent that was stopped still has its socket', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'run'), { mode: 0o700 });
  const path = join(folder, 'run', 's');
  const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listens'))`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  assert.match(await refusal(t, path), /another agent listens/);
});

test('the socket is removed at the end', async (t) => {
  const { intake, folder } = await startIntake(t);
  await intake.close();
  assert.deepEqual(await readdir(join(folder, 'run')), []);
});

test('a socket that somebody else put there is not removed at the end', async (t) => {
  const { intake, path } = await startIntake(t);
  await unlink(path);
  const other = createServer().listen(path);
  t.after(() => other.close());
  await once(other, 'listening');
  await intake.close();
  assert.ok((await stat(path)).isSocket());
});

test('a socket that somebody removed is made again, and who was connected stays', async (t) => {
  const clock = handClock();
  const rig = await startIntake(t, { clock });
  const sender = await connectTo(t, rig.path);
  await untilConnected(rig, 1);
  await unlink(rig.path);
  clock.pass(30_000);
  await rig.intake.read({ timeMs: 0, slow: false });
  sender.send(eventsFrame(0));
  const next = await connectTo(t, rig.path, { startedMs: 2 });
  next.send(eventsFrame(0));
  await untilReceived(rig, 2);
});

test('the default place is looked for anew every 30 s, and who was connected stays', async (t) => {
  const clock = handClock();
  const folder = await testFolder(t);
  const [early, late] = [join(folder, 'early', 's'), join(folder, 'late', 's')];
  let place = early;
  const rig = await startIntake(t, { clock, defaultSocket: () => place });
  assert.equal(rig.intake.place, early);
  const sender = await connectTo(t, early);
  await untilConnected(rig, 1);
  place = late;
  clock.pass(30_000);
  await rig.intake.read({ timeMs: 0, slow: false });
  assert.equal(rig.intake.place, late);
  assert.deepEqual(await readdir(join(folder, 'early')), []);
  sender.send(eventsFrame(0));
  const next = await connectTo(t, late, { startedMs: 2 });
  next.send(eventsFrame(0));
  await untilReceived(rig, 2);
});

test('a runtime folder that is gone is left for the place that is default then', async (t) => {
  const clock = handClock();
  const folder = await testFolder(t);
  const [early, late] = [join(folder, 'early', 's'), join(folder, 'late', 's')];
  let place = early;
  const rig = await startIntake(t, { clock, defaultSocket: () => place });
  await rm(join(folder, 'early'), { recursive: true });
  place = late;
  clock.pass(30_000);
  await rig.intake.read({ timeMs: 0, slow: false });
  await connectTo(t, late);
  await untilConnected(rig, 1);
});

test('the mode that files are made with is the same afterwards', async (t) => {
  const before = process.umask();
  await startIntake(t);
  assert.equal(process.umask(), before);
});

test('TCP is listened on as well where a port is given, and alone where the socket cannot be had', async (t) => {
  const folder = await testFolder(t);
  await writeFile(join(folder, 'run'), '');
  const port = await freePort();
  const rig = await startIntake(t, { folder, options: { port } });
  const sender = await connectTo(t, { host: '127.0.0.1', port });
  sender.send(eventsFrame(0));
  await untilReceived(rig, 1);
  await rig.intake.read({ timeMs: 0, slow: false });
  assert.match(rig.intake.problem!(), /run is not a folder/);
});

test('a TCP port that is taken is told and the socket works', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const rig = await startIntake(t, { options: { port } });
  assert.match(
    rig.intake.problem!(),
    new RegExp(`cannot listen on 127\\.0\\.0\\.1 port ${port}: another process`),
  );
  const sender = await connectTo(t, rig.path);
  sender.send(eventsFrame(0));
  await untilReceived(rig, 1);
});

test('nobody is let in after the end', async (t) => {
  const rig = await startIntake(t);
  await rig.intake.close();
  await assert.rejects(connectTo(t, rig.path), { code: 'ENOENT' });
  await untilTrue(() => assert.equal(rig.intake.take(), null));
});
