import type { Draft, Origin } from './draft.ts';

/** What the command line may say in place of the file; texts as they were typed. */
export interface Overrides {
  readonly pid?: string | number | undefined;
  readonly pidFile?: string | undefined;
  readonly match?: string | undefined;
  readonly port?: string | number | undefined;
  readonly dataDir?: string | undefined;
  /** `HOST:PORT`, `:PORT` or `PORT`; `false` for none. */
  readonly http?: string | number | undefined;
  readonly logLevel?: string | undefined;
}

const finders = ['pid', 'pidFile', 'match', 'port'] as const;
const flagOf = {
  pid: '--pid',
  pidFile: '--pid-file',
  match: '--match',
  port: '--port',
  dataDir: '--data-dir',
  http: '--http',
  logLevel: '--log-level',
} as const satisfies Record<keyof Overrides, string>;

/**
 * Puts the command line's values over all others. A flag that names a process replaces the list of processes by
 * that one; it keeps the name of the first one configured, so that its history goes on.
 */
export function applyFlags(draft: Draft, overrides: Overrides, folder: string): void {
  const origin = (flag: keyof Overrides): Origin => {
    const place = { text: flagOf[flag], rank: 'flag', offset: Object.keys(flagOf).indexOf(flag) } as const;
    return { place, keyPlace: place, folder, loose: true };
  };
  const text = (flag: keyof Overrides): string => String(overrides[flag]);
  const given = finders.filter((flag) => overrides[flag] !== undefined);
  if (given.length > 1) {
    const flags = given.map((flag) => flagOf[flag]).join(' and ');
    const { place } = origin(given[1]!);
    draft.problems.push({ place, path: '', message: `${flags} exclude each other; give one` });
  } else if (given[0]) {
    const name = draft.get(['processes', 0, 'name']);
    draft.set(['processes'], [], origin(given[0]));
    if (name !== undefined) draft.set(['processes', 0, 'name'], name, origin(given[0]));
    draft.set(['processes', 0, given[0]], text(given[0]), origin(given[0]));
  }
  if (overrides.dataDir !== undefined) draft.set(['agent', 'dataDir'], text('dataDir'), origin('dataDir'));
  if (overrides.logLevel !== undefined)
    draft.set(['agent', 'logLevel'], text('logLevel'), origin('logLevel'));
  if (overrides.http !== undefined) applyAddress(draft, text('http'), origin('http'));
}

function applyAddress(draft: Draft, address: string, origin: Origin): void {
  if (address === 'false') {
    draft.set(['http'], false, origin);
    return;
  }
  const match = /^(?:(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:[\]]*)):)?([0-9]+)$/.exec(address);
  if (!match) {
    const message = `expected HOST:PORT, such as 127.0.0.1:7070 or [::1]:7070, or false, got ${JSON.stringify(address)}`;
    draft.problems.push({ place: origin.place, path: '', message });
    return;
  }
  const host = match[1] ?? match[2];
  if (host) draft.set(['http', 'host'], host, origin);
  draft.set(['http', 'port'], match[3], origin);
}
