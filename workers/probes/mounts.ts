/** A file system worth watching. */
export interface Mount {
  readonly path: string;
  /** `major:minor`, the key of /proc/diskstats. */
  readonly device: string;
}

/** Images that are full by nature, and FUSE, whose statfs hangs when its daemon does. */
const leftOut = /^(?:squashfs|iso9660|udf|erofs|cramfs|fuse.*)$/;
/** These have no device number of their own in /proc/diskstats, but lie on disks all the same. */
const pooled = new Set(['btrfs', 'zfs', 'bcachefs']);

/**
 * Mounts on block devices out of /proc/PID/mountinfo (proc_pid_mountinfo(5)), and `/` whatever it is: in a
 * container it is an overlay. One a device, the one with the shortest path that `isFolder` (a container has single
 * files of its disk mounted over /etc). Network file systems are none of them: asking a dead one hangs.
 */
export function diskMounts(mountinfo: string, isFolder: (path: string) => boolean): Mount[] {
  const visible = new Map<string, Mount>();
  for (const line of mountinfo.split('\n')) {
    const [left, right] = line.split(' - ');
    const [, , device, , encodedPath] = (left ?? '').split(' ');
    const [type] = (right ?? '').split(' ');
    if (device === undefined || encodedPath === undefined || type === undefined) continue;
    const path = decodeOctal(encodedPath);
    // What is mounted later on the same path hides what was there.
    visible.delete(path);
    const onDisk = (!device.startsWith('0:') || pooled.has(type)) && !leftOut.test(type);
    if (path === '/' || onDisk) visible.set(path, { path, device });
  }
  const byDevice = new Map<string, Mount>();
  for (const mount of [...visible.values()].sort((a, b) => a.path.length - b.path.length)) {
    if (!byDevice.has(mount.device) && isFolder(mount.path)) byDevice.set(mount.device, mount);
  }
  return [...byDevice.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** mountinfo writes space, tab, line break and backslash as `\040` and the like, byte by byte. */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
