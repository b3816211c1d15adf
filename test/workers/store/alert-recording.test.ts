import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRecording, encodeRecording } from '../../../workers/store/alert-recording.ts';
import { recordingOf } from './alerts-made.ts';
import { randomNumbers } from './random.ts';

test('recordings of any series come back bit for bit', () => {
  const random = randomNumbers(7);
  for (let round = 0; round < 50; round++) {
    const series = Array.from({ length: Math.floor(random() * 5) }, (_, s) => {
      const count = Math.floor(random() * 200);
      let timeMs = 10_000;
      return {
        labels: { __name__: `m${s}`, 'any "label"': '\ud800\0' },
        timestampsMs: Array.from({ length: count }, () => (timeMs += 1 + Math.floor(random() * 4000))),
        values: Array.from({ length: count }, () =>
          random() < 0.1 ? [Number.NaN, Infinity, -Infinity, -0][Math.floor(random() * 4)]! : random() * 1e6,
        ),
      };
    });
    const recording = recordingOf({ series });
    assert.deepEqual(decodeRecording(recording.alertId, encodeRecording(recording)), recording);
  }
});

test('ten minutes of twenty gauges take little room', () => {
  const series = Array.from({ length: 20 }, (_, s) => ({
    labels: { __name__: 'queue_waiting', queue: `q${s}` },
    timestampsMs: Array.from({ length: 300 }, (_, i) => 10_000 + i * 2000),
    values: Array.from({ length: 300 }, (_, i) => Math.round(50 + 40 * Math.sin(i / 20 + s))),
  }));
  assert.ok(encodeRecording(recordingOf({ series })).length < 20 * 300 * 2);
});

test('bytes that are no recording are refused', () => {
  const bytes = encodeRecording(recordingOf());
  assert.equal(decodeRecording('a', bytes.slice(0, -3)), undefined);
  assert.equal(decodeRecording('a', new Uint8Array(0)), undefined);
  assert.equal(decodeRecording('a', Uint8Array.of(0, 200, 200, 200, 1)), undefined);
});
