import { z } from 'zod';
import { labelTest } from '../../../workers/promql/index.ts';
import { parseMatchers } from '../../../workers/routing/matchers.ts';
import { prometheusDuration } from '../../units.ts';

/** Routes within routes; the file's own depth ends before. */
const mostLevels = 16;
const longest = '292y';

const labelNamePattern = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const labelName = z
  .string()
  .regex(labelNamePattern, { error: 'expected a label name: letters, digits and _, no digit first' });
/** Of the newer lists: any text, as Alertmanager takes since 0.27. */
const anyLabelName = z.string().min(1, { error: 'expected a label name, got empty text' });

const matcherText = z.string().superRefine((text, context) => {
  try {
    parseMatchers(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

const regexText = z.string().superRefine((value, context) => {
  try {
    labelTest({ name: '', op: '=~', value });
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: `this is no regular expression: ${(error as Error).message}`,
    });
  }
});

const matchers = z.array(matcherText).prefault([]).describe('Conditions on labels: severity="critical".');
const match = z
  .record(labelName, z.string())
  .prefault({})
  .describe('Labels and their values; the older form of matchers.');
const matchRegex = z
  .record(labelName, regexText)
  .prefault({})
  .describe('Labels and regular expressions; the older form of matchers.');

const groupBy = z
  .array(anyLabelName)
  .superRefine((names, context) => {
    for (const [i, name] of names.entries()) {
      if (name !== '...' && names.indexOf(name) < i)
        context.addIssue({ code: 'custom', path: [i], message: `label "${name}" is in the list already` });
    }
    if (names.includes('...') && names.some((name) => name !== '...'))
      context.addIssue({ code: 'custom', message: '"..." stands for all labels: no others beside it' });
  })
  .optional()
  .describe('Labels whose values make a group; "..." for all.');

const above = (text: string) =>
  prometheusDuration('1ms', longest).optional().describe(`${text}; inherited when not given.`);

function routeFields() {
  return {
    receiver: z.string().optional().describe('Name of a receiver; inherited when not given.'),
    group_by: groupBy,
    group_wait: prometheusDuration('0s', longest).optional().describe('How long a new group waits [30s].'),
    group_interval: above('How long a group waits before changes are told [5m]'),
    repeat_interval: above('How long before what goes on is told again [4h]'),
    matchers,
    match,
    match_re: matchRegex,
    mute_time_intervals: z.array(z.string()).prefault([]).describe('Times in which nothing is told.'),
    active_time_intervals: z.array(z.string()).prefault([]).describe('Times in which alone it is told.'),
    continue: z.boolean().prefault(false).describe('Whether routes after this one are looked at too.'),
  };
}

export type RouteOptions = z.output<z.ZodObject<ReturnType<typeof routeFields>>> & {
  readonly routes: readonly RouteOptions[];
};

function routeOfLevel(level: number): z.ZodType<RouteOptions> {
  const routes =
    level < mostLevels
      ? z.array(routeOfLevel(level + 1))
      : z.array(z.never({ error: `at most ${mostLevels} levels of routes` }));
  return z.strictObject({
    ...routeFields(),
    routes: routes.prefault([]).describe('Routes below this one, the first that fits wins.'),
  }) as unknown as z.ZodType<RouteOptions>;
}

export const routeOptions = routeOfLevel(1);

export const inhibitOptions = z.strictObject({
  name: z.string().optional().describe('A name for people.'),
  source_match: match,
  source_match_re: matchRegex,
  source_matchers: matchers,
  target_match: match,
  target_match_re: matchRegex,
  target_matchers: matchers,
  equal: z.array(anyLabelName).prefault([]).describe('Labels that must be equal on both sides.'),
});

export type InhibitOptions = z.output<typeof inhibitOptions>;
