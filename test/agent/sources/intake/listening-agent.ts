// Tries to listen at a given moment, tells how that went, and stays.
import { systemClock } from '../../../../agent/clock.ts';
import { createLog } from '../../../../agent/log.ts';
import { createIntake } from '../../../../agent/sources/intake/intake.ts';
import { type IntakeOptions, intakeOptions } from '../../../../agent/sources/intake/options.ts';

const [socket] = process.argv.slice(2);
const options = { ...(intakeOptions.parse({}) as IntakeOptions), socket: socket! };

process.once('message', async (atMs) => {
  while (Date.now() < Number(atMs));
  const intake = createIntake(options, {
    ...{ clock: systemClock, log: createLog('silent'), processOf: () => undefined },
    handOver: async () => ({ records: 0, refused: 0, offenders: [] }),
  });
  const problem = await intake.read({ timeMs: 0, slow: false }).then(
    () => '',
    (error: Error) => error.message,
  );
  process.send!({ problem });
});
process.send!('ready');
