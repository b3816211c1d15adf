import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fieldsOf } from '../../../workers/point/catalogue.ts';
import { parseLayout } from '../../../workers/point/point.ts';
import { DiskProbe } from '../../../workers/probes/disk-probe.ts';
import { diskMounts } from '../../../workers/probes/mounts.ts';
import { ProcFolder } from './proc-folder.ts';

let folder: ProcFolder;
beforeEach(() => {
  folder = new ProcFolder();
});
afterEach(() => folder.end());

const everything = () => true;

function mount(device: string, path: string, type: string, source = '/dev/x'): string {
  return `36 35 ${device} / ${path} rw,noatime shared:1 master:2 - ${type} ${source} rw\n`;
}

test('mounts on block devices count, and file systems of the kernel and of the network do not', () => {
  const mountinfo =
    mount('8:1', '/', 'ext4') +
    mount('0:21', '/proc', 'proc', 'proc') +
    mount('0:40', '/run', 'tmpfs', 'tmpfs') +
    mount('0:50', '/srv', 'nfs4', 'server:/export') +
    mount('0:51', '/win', 'cifs', '//server/share') +
    mount('8:17', '/data', 'xfs') +
    mount('7:3', '/snap/core/1', 'squashfs') +
    mount('8:33', '/media', 'fuseblk') +
    mount('0:60', '/pool', 'zfs', 'pool/data') +
    mount('0:61', '/home', 'btrfs');
  assert.deepEqual(
    diskMounts(mountinfo, everything).map(({ path }) => path),
    ['/', '/data', '/home', '/pool'],
  );
});

test('a device that is mounted several times counts once, at its shortest path that is a folder', () => {
  const mountinfo =
    mount('0:90', '/', 'overlay', 'overlay') +
    mount('8:1', '/etc/hosts', 'ext4') +
    mount('8:1', '/var/lib/data/sub', 'ext4') +
    mount('8:1', '/var/lib/data', 'ext4');
  assert.deepEqual(
    diskMounts(mountinfo, (path) => path !== '/etc/hosts'),
    [
      { path: '/', device: '0:90' },
      { path: '/var/lib/data', device: '8:1' },
    ],
  );
});

test('what is mounted over a path hides what was there', () => {
  const mountinfo = mount('8:1', '/data', 'ext4') + mount('0:50', '/data', 'nfs', 'server:/export');
  assert.deepEqual(diskMounts(mountinfo, everything), []);
});

test('spaces and backslashes in paths are decoded', () => {
  const [found] = diskMounts(mount('8:1', '/mnt/My\\040Disk\\134x', 'ext4'), everything);
  assert.equal(found?.path, '/mnt/My Disk\\x');
});

test('reads space by statfs and traffic by device number; a device without traffic figures has none', () => {
  const spaced = join(folder.folder, 'a disk');
  mkdirSync(spaced);
  const plain = join(folder.folder, 'b');
  mkdirSync(plain);
  writeFileSync(
    join(folder.procRoot, '100/mountinfo'),
    mount('8:1', spaced.replace(' ', '\\040'), 'ext4') + mount('8:2', plain, 'ext4'),
  );
  folder.write(
    'proc/diskstats',
    '   8       1 sda1 10 0 300 5 20 0 700 9 0 1 1\n   8       0 sda 1 1 1 1 1 1 1 1\n',
  );
  const probe = new DiskProbe(folder.procRoot);
  const { values, up, problem } = probe.sample();
  assert.deepEqual({ up, problem }, { up: true, problem: '' });
  assert.deepEqual(parseLayout(probe.layout, {}).points, [
    { measurement: 'disk', tags: { path: spaced }, fields: fieldsOf('disk') },
    { measurement: 'disk', tags: { path: plain }, fields: fieldsOf('disk') },
  ]);
  assert.deepEqual([values?.[2], values?.[3]], [300 * 512, 700 * 512]);
  assert.ok(Number.isNaN(values?.[6]) && Number.isNaN(values?.[7]));
});

test('the layout keeps its text while the mounts stay, and changes with them', () => {
  const path = join(folder.procRoot, '100/mountinfo');
  writeFileSync(path, mount('8:1', folder.folder, 'ext4'));
  const probe = new DiskProbe(folder.procRoot);
  probe.sample();
  const first = probe.layout;
  probe.sample();
  assert.equal(probe.layout, first);
  writeFileSync(path, mount('8:1', folder.folder, 'ext4') + mount('8:2', folder.procRoot, 'ext4'));
  probe.sample();
  assert.notEqual(probe.layout, first);
});

test('without traffic figures the space is still told, with what is missing', () => {
  writeFileSync(join(folder.procRoot, '100/mountinfo'), mount('8:1', folder.folder, 'ext4'));
  const { up, problem } = new DiskProbe(folder.procRoot).sample();
  assert.equal(up, true);
  assert.match(problem, /traffic of disks cannot be read: ENOENT/);
});

test('without a mount table the source is down', () => {
  const { values, up, problem } = new DiskProbe(folder.procRoot).sample();
  assert.deepEqual({ values, up }, { values: null, up: false });
  assert.match(problem, /ENOENT/);
});

test('on the live system, agrees with df', () => {
  const probe = new DiskProbe('/proc');
  const { values } = probe.sample();
  const root = parseLayout(probe.layout, {}).points.findIndex(({ tags }) => tags.path === '/');
  const df = execFileSync('df', ['--output=pcent,avail', '--block-size=1', '/'], { encoding: 'utf8' });
  const [percent, availableBytes] = df.split('\n')[1]!.trim().split(/%?\s+/).map(Number);
  // df rounds up to whole percents; others may write between the two readings.
  assert.ok(Math.abs(values![root * 4]! - percent!) <= 2);
  assert.ok(Math.abs(values![root * 4 + 1]! - availableBytes!) < 0.02 * availableBytes! + 2 ** 30);
});
