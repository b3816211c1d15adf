import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { intakeAddress } from '../../../agent/instrument/intake-address.ts';
import { Intake, type Place, temporaryPlace } from './intake.ts';

describe('intake address', () => {
  let place: Place;
  let intake: Intake;
  beforeEach(async () => {
    place = temporaryPlace();
    intake = await Intake.listen(place.path);
  });
  afterEach(async () => {
    await intake.close();
    place.remove();
  });

  const isRoot = process.getuid?.() === 0;
  const named = (path: string) => intakeAddress({ NOVA_AGENT_INTAKE_SOCKET: path }, []);
  const unnamed = (...places: string[]) => intakeAddress({}, places);

  test('is the socket of the environment before anything else', () => {
    const env = { NOVA_AGENT_INTAKE_SOCKET: place.path, NOVA_AGENT_INTAKE: 'h:1' };
    assert.deepEqual(intakeAddress(env), { path: place.path });
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
      const env = { NOVA_AGENT_INTAKE_SOCKET: '', NOVA_AGENT_INTAKE: text };
      assert.deepEqual(intakeAddress(env, [place.path]), { path: place.path });
    }
  });

  test('is the first of the places where there is one, at every asking', async () => {
    const later = join(place.folder, 'runtime', 'intake.sock');
    assert.deepEqual(unnamed(later, place.path), { path: place.path });
    mkdirSync(join(place.folder, 'runtime'), { mode: 0o700 });
    assert.deepEqual(unnamed(later, place.path), { path: place.path });
    const other = await Intake.listen(later);
    try {
      assert.deepEqual(unnamed(later, place.path), { path: later });
    } finally {
      await other.close();
    }
    assert.deepEqual(unnamed(later, place.path), { path: place.path });
  });

  test('leaves the symbolic links of modules resolved as they were', () => {
    const folder = realpathSync.native(place.folder);
    mkdirSync(join(folder, 'package'));
    for (const name of ['one.cjs', 'two.cjs']) writeFileSync(join(folder, 'package', name), '');
    symlinkSync(join(folder, 'package'), join(folder, 'linked'));
    const { resolve } = createRequire(join(folder, 'service.cjs'));
    // From here on Node knows that the folders above are no links.
    assert.equal(resolve('./package/one.cjs'), join(folder, 'package', 'one.cjs'));
    assert.deepEqual(named(place.path), { path: place.path });
    assert.equal(resolve('./linked/two.cjs'), join(folder, 'package', 'two.cjs'));
  });

  test('is none while nothing is there', () => {
    assert.equal(unnamed(`${place.folder}/nobody.sock`), undefined);
    assert.equal(named(`${place.folder}/nobody/intake.sock`), undefined);
  });

  test('is nothing that is no socket', () => {
    writeFileSync(`${place.folder}/file`, '');
    assert.equal(named(`${place.folder}/file`), undefined);
    assert.equal(unnamed(`${place.folder}/file`), undefined);
  });

  test('is no socket in a folder that others may write to', () => {
    for (const mode of [0o777, 0o1777, 0o770, 0o702]) {
      chmodSync(place.folder, mode);
      assert.equal(named(place.path), undefined);
      assert.equal(unnamed(place.path), undefined);
    }
    chmodSync(place.folder, 0o750);
    assert.deepEqual(named(place.path), { path: place.path });
    assert.deepEqual(unnamed(place.path), { path: place.path });
  });

  test('follows no symbolic link, neither of the socket nor of its folder', () => {
    symlinkSync(place.path, `${place.folder}/link.sock`);
    symlinkSync(place.folder, `${place.folder}/folder`);
    for (const path of [`${place.folder}/link.sock`, `${place.folder}/folder/intake.sock`]) {
      assert.equal(named(path), undefined);
      assert.equal(unnamed(path), undefined);
    }
  });

  test('is no socket of another user, unless it is named', { skip: !isRoot && 'needs root' }, () => {
    chownSync(place.path, 4711, 4711);
    assert.equal(unnamed(place.path), undefined);
    assert.deepEqual(named(place.path), { path: place.path });
    chownSync(place.path, 0, 0);
    chownSync(place.folder, 4711, 4711);
    assert.equal(unnamed(place.path), undefined);
    assert.deepEqual(named(place.path), { path: place.path });
  });
});
