import { noDuration, reportedPart } from '../../../workers/contract/wire.ts';
import type { Recorder } from '../recorder.ts';
import { messageOf, replaceMethod } from './safety.ts';

interface Worker {
  readonly name: string;
}

interface Job {
  readonly name: string;
}

type CallProcessJob = (this: Worker, job: Job, ...rest: unknown[]) => unknown;

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** Times every job that a BullMQ worker of this process runs, sandboxed processors included. */
export function observeWorkers(recorder: Recorder, prototype: object): void {
  replaceMethod<CallProcessJob>(
    prototype,
    'callProcessJob',
    (original) =>
      function (job, ...rest) {
        const startMs = performance.now();
        const queue = this.name;
        const name = String(job?.name);
        const elapsedUs = (): number => Math.round((performance.now() - startMs) * 1000);
        const done = (): void => recorder.job(queue, name, elapsedUs(), Date.now(), false, '');
        const failed = (error: unknown): void => {
          const timeMs = Date.now();
          recorder.job(queue, name, elapsedUs(), timeMs, true, messageOf(error));
          recorder.error(error, { method: 'job', route: `${queue}/${name}`, timeMs });
        };
        let result: unknown;
        try {
          result = original.call(this, job, ...rest);
        } catch (error) {
          failed(error);
          throw error;
        }
        if (result instanceof Promise) result.then(done, failed);
        // What only looks like a promise may do its work once for every time that it is asked.
        else if (isThenable(result)) recorder.job(queue, name, noDuration, Date.now(), false, '');
        else done();
        return result;
      },
  );
  recorder.reports(reportedPart.JOB);
}
