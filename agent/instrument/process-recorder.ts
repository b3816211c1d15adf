import { reportedPart } from '../../workers/contract/wire.ts';
import { createRecorder, type StreamingRecorder } from './event-recorder.ts';
import { observeUncaught } from './uncaught.ts';

/** The number is the version of what is kept there: copies of other versions keep to themselves. */
const place = Symbol.for('nova-agent.recorder.1');

let known: StreamingRecorder | undefined;

/**
 * The one recorder of this process or thread, made by the first who asks, whichever copy of this module that is.
 * From then on uncaught errors are observed, and what is left is sent at exit. Where none can be made it is one that
 * takes nothing: this throws as little as what it gives.
 */
export function processRecorder(): StreamingRecorder {
  known ??= (globalThis as { [place]?: StreamingRecorder })[place] ?? begin();
  return known;
}

function begin(): StreamingRecorder {
  try {
    const recorder = createRecorder();
    Object.defineProperty(globalThis, place, { value: recorder });
    process.on('exit', () => recorder.finish());
    observeUncaught((error) => recorder.error(error, {}));
    recorder.reports(reportedPart.ERROR);
    return recorder;
  } catch {
    return absent;
  }
}

function nothing(): void {}

const absent: StreamingRecorder = {
  request: nothing,
  query: nothing,
  socketEvent: nothing,
  job: nothing,
  error: nothing,
  user: nothing,
  connections: nothing,
  reports: nothing,
  refuse: nothing,
  finish: nothing,
  close: nothing,
};
