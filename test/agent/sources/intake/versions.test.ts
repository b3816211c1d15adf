import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helloFrame } from '../../../../agent/instrument/hello.ts';
import { readHello } from '../../../../agent/sources/intake/hello.ts';
import { frameHeader } from '../../../../workers/contract/wire.ts';
import type { PointKey } from '../../../../workers/point/point.ts';
import { untilTrue } from '../../../support/servers.ts';
import { connectTo, type Rig, startIntake } from './rig.ts';
import '../../../support/watchdog.ts';

/** Connected instances by process and version. */
async function versionsOf({ intake }: Rig): Promise<Record<string, number>> {
  const { layout, values } = await intake.read({ timeMs: 0, slow: false });
  const points = JSON.parse(layout) as PointKey[];
  assert.equal(
    values.length,
    points.reduce((sum, { fields }) => sum + fields.length, 0),
  );
  const first = points.findIndex(({ measurement }) => measurement === 'service');
  if (first < 0) return {};
  return Object.fromEntries(
    points
      .slice(first)
      .map(({ tags }, i) => [
        `${tags.process} ${tags.version}`,
        values[values.length - points.length + first + i]!,
      ]),
  );
}

async function untilVersions(rig: Rig, expected: Record<string, number>): Promise<void> {
  await untilTrue(async () => assert.deepEqual(await versionsOf(rig), expected));
}

test('connected instances are counted by version while they are connected', async (t) => {
  const rig = await startIntake(t);
  await connectTo(t, rig.path, { threadId: 1, appVersion: '1.0.0' });
  const leaving = await connectTo(t, rig.path, { threadId: 2, appVersion: '1.0.0' });
  await connectTo(t, rig.path, { threadId: 3, appVersion: '1.1.0' });
  await connectTo(t, rig.path, { threadId: 4, name: 'worker', appVersion: '1.1.0' });
  await untilVersions(rig, { 'crm 1.0.0': 2, 'crm 1.1.0': 1, 'worker 1.1.0': 1 });
  leaving.socket.destroy();
  await untilVersions(rig, { 'crm 1.0.0': 1, 'crm 1.1.0': 1, 'worker 1.1.0': 1 });
});

test('a service that says no version, or nothing that is one, has none', async (t) => {
  const rig = await startIntake(t);
  await connectTo(t, rig.path, { threadId: 1 });
  await connectTo(t, rig.path, { threadId: 2, appVersion: '' });
  await connectTo(t, rig.path, { threadId: 3, appVersion: 7 as never });
  await connectTo(t, rig.path, { threadId: 4, appVersion: '2.0.0' });
  await untilVersions(rig, { 'crm 2.0.0': 1 });
});

test('a service says the version in NOVA_APP_VERSION, else that of the package of its script', (t) => {
  const { NOVA_APP_VERSION: before } = process.env;
  t.after(() => {
    if (before === undefined) delete process.env.NOVA_APP_VERSION;
    else process.env.NOVA_APP_VERSION = before;
  });
  const said = () => {
    const hello = readHello(helloFrame(0).subarray(frameHeader.BYTES_LENGTH));
    return typeof hello === 'string' ? hello : hello.appVersion;
  };
  process.env.NOVA_APP_VERSION = '3.1.4-rc.1';
  assert.equal(said(), '3.1.4-rc.1');
  delete process.env.NOVA_APP_VERSION;
  assert.match(said()!, /^\d+\.\d+\.\d+/);
});
