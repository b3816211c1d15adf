import { z } from 'zod';
import { duration, size } from '../units.ts';

export const storeOptions = z
  .strictObject({
    retention: z
      .strictObject({
        raw: duration('1h', '10y').prefault('14d').describe('How long every reading is kept.'),
        minute: duration('1h', '10y').prefault('90d').describe('How long summaries of a minute are kept.'),
        hour: duration('1h', '50y').prefault('2y').describe('How long summaries of an hour are kept.'),
      })
      .superRefine(({ raw, minute, hour }, context) => {
        if (raw > minute)
          context.addIssue({
            code: 'custom',
            path: ['raw'],
            message: 'raw must not be kept longer than minute',
          });
        if (minute > hour)
          context.addIssue({
            code: 'custom',
            path: ['minute'],
            message: 'minute must not be kept longer than hour',
          });
      })
      .prefault({})
      .describe('How long history is kept, by resolution; each at least as long as the one before.'),
    quota: size('16MB', '16TB')
      .prefault('2GB')
      .describe(
        'Space that the store may use; the oldest history leaves first. The file keeps the largest size that it ever had.',
      ),
  })
  .prefault({})
  .describe('The embedded store.');
