import { z } from 'zod';

const redisUrl = z
  .string()
  .refine((text) => isRedisUrl(text), {
    error: 'expected redis://[user:password@]host[:port][/db] or rediss:// for TLS',
  })
  .default('redis://127.0.0.1:6379')
  .describe('Redis to read, never to write: redis:// or rediss:// with user, password and database number.')
  .meta({
    secret: true,
    examples: ['redis://127.0.0.1:6379', 'rediss://:password@redis.example.org:6380/1'],
  });

const prefix = z.string().min(1, { error: 'expected a prefix of at least one character' });

const queueName = z
  .string()
  .min(1, { error: 'expected a queue name' })
  .refine((text) => !text.includes(':'), { error: 'BullMQ queue names cannot contain ":"' });

const glob = z.string().min(1, { error: 'expected a pattern such as mail-*' });

const queueRedis = z
  .strictObject({
    name: z
      .string()
      .min(1, { error: 'expected a name of at least one character' })
      .optional()
      .describe(
        'Name of this Redis, the tag `redis`; its host:port when absent, with /db when that is not 0.',
      ),
    redis: redisUrl,
    prefix: z
      .union([prefix, z.array(prefix).min(1)])
      .default('bull')
      .describe('BullMQ prefix of the queues, or a list of prefixes.'),
    discover: z
      .union([z.boolean(), glob, z.array(glob).min(1)])
      .optional()
      .describe(
        'Find queues by scanning for their keys: true for all, or patterns of queue names with * and ?. True unless `names` is given.',
      )
      .meta({ examples: [true, 'mail-*', ['mail-*', 'reports']] }),
    names: z
      .array(queueName)
      .min(1)
      .optional()
      .describe('The queues to read, by name, in place of `discover`.')
      .meta({ examples: [['mail', 'reports']] }),
  })
  .superRefine((entry, context) => {
    if (entry.names && entry.discover !== undefined && entry.discover !== false) {
      context.addIssue({
        code: 'custom',
        path: ['discover'],
        message: 'give either `discover` or `names`, not both',
      });
    }
    if (!entry.names && entry.discover === false) {
      context.addIssue({
        code: 'custom',
        path: ['discover'],
        message: 'without `discover`, `names` must be given',
      });
    }
  });

const queueRedisList = z
  .array(queueRedis)
  .min(1)
  .superRefine((entries, context) => {
    const seen = new Set<string>();
    entries.forEach(({ name }, i) => {
      if (name !== undefined && seen.has(name)) {
        const message = `another entry is named ${JSON.stringify(name)}`;
        context.addIssue({ code: 'custom', path: [i, 'name'], message });
      }
      if (name !== undefined) seen.add(name);
    });
  })
  .transform((entries): QueueRedis[] => {
    const taken = new Set(entries.flatMap((entry) => entry.name ?? []));
    return entries.map((entry) => ({
      name: entry.name ?? freeName(addressOf(entry.redis), taken),
      redis: entry.redis,
      prefix: [...new Set([entry.prefix].flat())],
      discover: entry.names ? [] : patternsOf(entry.discover),
      names: [...new Set(entry.names)],
    }));
  });

/** The key `queues`: `false`, or a list of Redis servers with BullMQ queues. */
export const queuesOptions = z
  .union([z.literal(false), queueRedisList])
  .describe('Redis servers whose BullMQ queues are read, or false to read none.');

/** One Redis with everything filled in: what the source is made of. */
export interface QueueRedis {
  /** Unique among all: as given, else the address, with `-2`, `-3`… when that is taken. */
  readonly name: string;
  /** URL with its password: never to be shown. */
  readonly redis: string;
  readonly prefix: readonly string[];
  /** Patterns of queue names to discover; empty when `names` are read. */
  readonly discover: readonly string[];
  readonly names: readonly string[];
}

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return /^rediss?:$/.test(protocol) && hostname !== '' && /^(\/[0-9]*)?$/.test(pathname);
}

function patternsOf(discover: boolean | string | string[] | undefined): string[] {
  return typeof discover === 'string' || Array.isArray(discover) ? [discover].flat() : ['*'];
}

/** `host:port`, and `/db` when that is not 0: tells no secrets. */
function addressOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  const db = Number(pathname.slice(1));
  return `${hostname}:${port || 6379}${db ? `/${db}` : ''}`;
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}-${i}`;
  taken.add(name);
  return name;
}
