import { z } from 'zod';
import { duration } from '../../units.ts';

/** Keys that one version of InfluxDB has no use for: a key without effect is an error, never dropped silently. */
const foreignKeys = {
  1: ['bucket', 'org'],
  2: ['database', 'retentionPolicy', 'user', 'password', 'passwordFile'],
  3: ['bucket', 'org', 'retentionPolicy', 'user', 'password', 'passwordFile'],
} as const;

const version = z
  .union([z.literal([1, 2, 3, 'auto']), z.literal(['1', '2', '3'])], { error: 'expected 1, 2, 3 or auto' })
  .transform((value) => (value === 'auto' ? value : (Number(value) as 1 | 2 | 3)));

const url = z
  .string()
  .superRefine((text, context) => {
    const problem = urlProblem(text);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
  .describe('Where InfluxDB listens, such as http://127.0.0.1:8086, without credentials.');

const destination = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/, {
        error: 'expected 1 to 64 letters, digits, dots, dashes or underscores',
      })
      .prefault('influx')
      .describe('Name of the destination, under which its place in the stored points is kept.'),
    url,
    version: version
      .prefault('auto')
      .describe('Version of InfluxDB, 1, 2 or 3, or auto to ask the server; InfluxDB Cloud 2 takes 2.'),
    database: z.string().min(1).optional().describe('Database to write to, for versions 1 and 3.'),
    retentionPolicy: z
      .string()
      .min(1)
      .optional()
      .describe('Retention policy to write to, for version 1; the default one of the database unless given.'),
    bucket: z.string().min(1).optional().describe('Bucket to write to, for version 2.'),
    org: z.string().min(1).optional().describe('Organisation that the bucket belongs to, for version 2.'),
    token: secret('Token that may write there; version 1 takes it as user:password or as a JSON Web Token.'),
    tokenFile: z.string().min(1).optional().describe('File that holds the token.'),
    user: z.string().min(1).optional().describe('User that may write to the database, for version 1.'),
    password: secret('Password of that user.'),
    passwordFile: z.string().min(1).optional().describe('File that holds the password.'),
    flushInterval: duration('1s', '1h').prefault('10s').describe('How often new points are delivered.'),
    maxPointsPerSecond: z
      .int()
      .min(10)
      .max(1_000_000)
      .prefault(20_000)
      .describe('How fast a backlog is delivered after an outage, in points per second.'),
  })
  .superRefine((options, context) => {
    for (const [path, message] of contradictions(options)) {
      context.addIssue({ code: 'custom', path: [path], message });
    }
  });

/** Key `influx`: the destinations, each with its own cursor. */
export const influxOptions = z
  .array(destination)
  .superRefine((list, context) => {
    list.forEach(({ name }, i) => {
      if (list.findIndex((other) => other.name === name) < i) {
        context.addIssue({
          code: 'custom',
          path: [i, 'name'],
          message: `another destination is named ${JSON.stringify(name)} already; give each its own name`,
        });
      }
    });
  })
  .prefault([])
  .describe('InfluxDB servers that every point is delivered to.');

/** One checked destination; `token` and `password` hold what the files held. */
export type InfluxOptions = z.output<typeof destination>;

/** The keys that `version` needs and `options` lack, in words; '' when nothing is missing. Also asked once `auto` knows. */
export function missingFor(
  version: 1 | 2 | 3,
  options: Readonly<Partial<Pick<InfluxOptions, 'database' | 'bucket' | 'org' | 'token' | 'tokenFile'>>>,
): string {
  const missing: string[] = [];
  if (version === 2) {
    if (!options.bucket) missing.push('bucket');
    if (!options.org) missing.push('org');
    if (!options.token && !options.tokenFile) missing.push('token (or tokenFile)');
  } else if (!options.database) missing.push('database');
  return missing.length === 0 ? '' : `version ${version} needs ${missing.join(', ')}`;
}

function secret(description: string) {
  return z.string().min(1).optional().meta({ secret: true, description });
}

function urlProblem(text: string): string {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.hostname === '') {
    return 'expected a URL such as http://127.0.0.1:8086 or https://influx.example.org';
  }
  if (parsed.username || parsed.password) {
    return 'credentials do not belong into the URL; use user and passwordFile, or tokenFile';
  }
  if (parsed.search || parsed.hash) {
    return 'expected a URL without ? and #; database, bucket and the rest have keys of their own';
  }
  if (/\/(write|ping|query|health|api\/v[123](\/.*)?)\/?$/.test(parsed.pathname)) {
    return `expected the address of the server without ${parsed.pathname}; the agent adds the path itself`;
  }
  return '';
}

function* contradictions(options: InfluxOptions): Generator<[path: string, message: string]> {
  if (options.token && options.tokenFile) yield ['tokenFile', 'give token or tokenFile, not both'];
  if (options.password && options.passwordFile) {
    yield ['passwordFile', 'give password or passwordFile, not both'];
  }
  const hasPassword = options.password !== undefined || options.passwordFile !== undefined;
  const hasToken = options.token !== undefined || options.tokenFile !== undefined;
  if (options.user && !hasPassword) yield ['user', 'user needs password or passwordFile'];
  if (hasPassword && !options.user) yield ['password', 'password needs user'];
  if (options.user && hasToken) yield ['user', 'give user and password, or a token, not both'];
  if (options.user?.includes(':')) yield ['user', 'a user name cannot hold a colon'];
  if (options.version === 'auto') {
    if (!options.database && !options.bucket) {
      yield ['version', 'give database (versions 1 and 3), or bucket, org and token (version 2)'];
    }
    return;
  }
  const missing = missingFor(options.version, options);
  if (missing) yield ['version', missing];
  for (const key of foreignKeys[options.version]) {
    if (options[key] !== undefined) yield [key, `version ${options.version} has no ${key}`];
  }
}
