import { z } from 'zod';

const name = z.string().min(1).max(512);

const lists = z
  .union([
    z.literal(false),
    z.strictObject({
      api: name.prefault('metrics:api').describe('List of the newest API requests.'),
      db: name.prefault('metrics:db').describe('List of the newest database queries.'),
    }),
  ])
  .prefault({})
  .describe('Lists that the newest requests and queries are pushed to, or false to push none.');

/** A Redis that may be written to: its channel and lists, and nothing else. */
export const redisTarget = z.strictObject({
  url: z
    .string()
    .superRefine((text, context) => {
      const parsed = URL.canParse(text) ? new URL(text) : undefined;
      if (!parsed || !/^rediss?:$/.test(parsed.protocol) || parsed.hostname === '') {
        context.addIssue({
          code: 'custom',
          message:
            'expected a URL such as redis://127.0.0.1:6379 or rediss://user:password@redis.example.org:6379',
        });
      }
    })
    .meta({ secret: true, description: 'Redis to write to, as redis:// or rediss:// (with TLS).' }),
  channel: name.prefault('metrics:snapshot').describe('Channel that every snapshot is published on.'),
  lists,
});

/** Key `redis`: absent or false, nothing is written to any Redis. */
export const redisOptions = z
  .union([z.literal(false), redisTarget])
  .prefault(false)
  .describe('Redis that snapshots are published to, or false; nothing is written to a Redis not named here.');

export type RedisTarget = z.output<typeof redisTarget>;
