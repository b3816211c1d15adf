import { z } from 'zod';

export const rulesOptions = z
  .array(z.string().min(1).meta({ path: true }))
  .max(256)
  .meta({ examples: [['rules/*.yml']] })
  .optional()
  .describe(
    'Rule files, as globs; by default config/rules/*.yml in the working folder where present, else the shipped rules.',
  );

export const notifyOptions = z
  .string()
  .min(1)
  .meta({ path: true, examples: ['notify.yml'] })
  .optional()
  .describe('Notification file in Alertmanager’s format (route, receivers, inhibit_rules, time_intervals).');
