import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface FakeProcess {
  readonly parentPid?: number;
  readonly name?: string;
  readonly state?: string;
  readonly ownTicks?: number;
  readonly reapedTicks?: number;
  readonly threads?: number;
  readonly startTicks?: number;
  readonly rssPages?: number;
  readonly commandLine?: readonly string[];
  readonly executable?: string;
  readonly sockets?: readonly number[];
  readonly cgroup?: string;
}

/** A folder that looks like a proc file system and a cgroup mount, for what a live one cannot be made to show. */
export class ProcFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'nova-proc-'));
  readonly procRoot = join(this.folder, 'proc');
  readonly cgroupRoot = join(this.folder, 'cgroup');

  constructor() {
    mkdirSync(this.procRoot);
    mkdirSync(this.cgroupRoot);
    this.process(100, { commandLine: ['node', '/opt/agent/main.js'], executable: '/usr/bin/node' });
    symlinkSync('100', join(this.procRoot, 'self'));
    this.host({});
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  remove(path: string): void {
    rmSync(join(this.folder, path), { recursive: true, force: true });
  }

  /** Ticks of the first line of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice. */
  host({
    cpu = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    cores = 4,
    uptimeSeconds = 1000,
    memory = 'MemTotal: 8000 kB\nMemFree: 1000 kB\nMemAvailable: 6000 kB\n',
  }: {
    cpu?: readonly number[];
    cores?: number;
    uptimeSeconds?: number;
    memory?: string;
  }): void {
    const each = Array.from({ length: cores }, (_, i) => `cpu${i} 1 0 1 1 0 0 0 0 0 0\n`).join('');
    this.write('proc/stat', `cpu  ${cpu.join(' ')}\n${each}intr 12 0 9\nctxt 5\nbtime 1700000000\n`);
    this.write('proc/uptime', `${uptimeSeconds.toFixed(2)} 1.00\n`);
    this.write('proc/loadavg', '0.50 1.25 12.00 2/345 6789\n');
    this.write('proc/meminfo', memory);
  }

  process(pid: number, fake: FakeProcess): void {
    const {
      parentPid = 1,
      name = 'node',
      state = 'S',
      ownTicks = 0,
      reapedTicks = 0,
      threads = 1,
      startTicks = pid,
      rssPages = 10,
      commandLine = [],
      executable,
      sockets = [],
      cgroup,
    } = fake;
    const times = `${ownTicks} 0 ${reapedTicks} 0`;
    this.write(
      `proc/${pid}/stat`,
      `${pid} (${name}) ${state} ${parentPid} 1 1 0 -1 4194560 1 2 3 4 ${times} 20 -5 ${threads} 0 ${startTicks} 999 ${rssPages} 18446744073709551615 1 1\n`,
    );
    this.write(`proc/${pid}/cmdline`, commandLine.map((word) => `${word}\0`).join(''));
    if (executable) this.link(`proc/${pid}/exe`, executable);
    mkdirSync(join(this.procRoot, `${pid}/fd`), { recursive: true });
    sockets.forEach((inode, i) => {
      this.link(`proc/${pid}/fd/${i}`, `socket:[${inode}]`);
    });
    if (cgroup !== undefined) this.write(`proc/${pid}/cgroup`, cgroup);
  }

  end(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private link(path: string, to: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    try {
      unlinkSync(file);
    } catch {
      // There was none.
    }
    symlinkSync(to, file);
  }
}
