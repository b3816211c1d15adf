import { z } from 'zod';

const finders = ['pid', 'pidFile', 'port', 'match'] as const;

const processEntry = z
  .strictObject({
    name: z
      .string()
      .regex(/^[^\p{Cc}]{1,64}$/u, { error: 'expected text of 1 to 64 characters on one line' })
      .prefault('app')
      .describe('Value of the tag `process`; unique.'),
    pid: z.int().min(1).max(4_194_304).optional().describe('Find the process by its process id.'),
    pidFile: z
      .string()
      .min(1)
      .meta({ path: true })
      .optional()
      .describe('Find the process by a file that holds its process id.'),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .meta({ examples: [3000] })
      .optional()
      .describe('Find the process that listens on this TCP port.'),
    match: z
      .string()
      .min(1)
      .meta({ examples: ['dist/server.js'] })
      .optional()
      .describe('Find the process whose command line holds this text.'),
  })
  .superRefine((entry, context) => {
    const given = finders.filter((key) => entry[key] !== undefined);
    if (given.length > 1) {
      context.addIssue({
        code: 'custom',
        path: [given[1]!],
        message: `give one of pid, pidFile, port and match, not both ${given.slice(0, 2).join(' and ')}`,
      });
    }
  });

export const processesOptions = z
  .array(processEntry)
  .max(256)
  .prefault([{}])
  .superRefine((entries, context) => {
    const names = new Set<string>();
    let unaimed = false;
    entries.forEach((entry, i) => {
      if (names.has(entry.name)) {
        context.addIssue({
          code: 'custom',
          path: [i, 'name'],
          message: `another process has the name "${entry.name}"; give each its own`,
        });
      }
      names.add(entry.name);
      if (finders.some((key) => entry[key] !== undefined)) return;
      if (unaimed) {
        context.addIssue({
          code: 'custom',
          path: [i],
          message: 'say how to find this process: one of pid, pidFile, port and match',
        });
      }
      unaimed = true;
    });
  })
  .describe(
    'Processes to watch, each with its children; an entry with only a name is the one Node process that is not the agent’s, npm’s or tsx’s.',
  );

export type ProcessesOptions = z.output<typeof processesOptions>;

/** How one configured process is found. */
type Finder =
  | { readonly by: 'pid'; readonly pid: number }
  | { readonly by: 'pidFile'; readonly path: string }
  | { readonly by: 'port'; readonly port: number }
  | { readonly by: 'match'; readonly text: string }
  | { readonly by: 'onlyNode' };

/** The configured processes as the sampling plan wants them. */
export function processTargets(options: ProcessesOptions): { name: string; find: Finder }[] {
  return options.map((entry) => ({ name: entry.name, find: finderOf(entry) }));
}

function finderOf({ pid, pidFile, port, match }: ProcessesOptions[number]): Finder {
  if (pid !== undefined) return { by: 'pid', pid };
  if (pidFile !== undefined) return { by: 'pidFile', path: pidFile };
  if (port !== undefined) return { by: 'port', port };
  if (match !== undefined) return { by: 'match', text: match };
  return { by: 'onlyNode' };
}
