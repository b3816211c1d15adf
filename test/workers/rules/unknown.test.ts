import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AlertingRule } from '../../../workers/contract/alerts.ts';
import { alerting, group, RulesAtWork } from './rules-at-work.ts';

const second = 1000;

/** Queues and the Redis of each, evaluated every 10 s. */
class Queues {
  readonly work: RulesAtWork;
  #timeMs = 0;

  constructor(expr: string, other: Partial<AlertingRule> = {}) {
    this.work = new RulesAtWork([group([alerting('A', expr, other)])]);
  }

  /** @param waiting by queue and Redis, as `mail@main`; undefined ends the series */
  next(waiting: Record<string, number | undefined>, down: readonly string[] = []): string[] {
    this.#timeMs += 10 * second;
    for (const [name, value] of Object.entries(waiting)) {
      const [queue, redis] = name.split('@') as [string, string];
      this.work.samples.add({ __name__: 'queue_waiting', a: queue, redis }, this.#timeMs, value);
    }
    this.work.at(this.#timeMs, {}, down);
    return this.work.states;
  }
}

describe('while a source is down', () => {
  const down = ['queues/main'];
  const unknown = 'A{mail} firing unknown: queues/main';

  test('its alerts are unknown and not resolved, whatever its last samples say', () => {
    const queues = new Queues('queue_waiting > 100');
    assert.deepEqual(queues.next({ 'mail@main': 200 }), ['A{mail} firing']);
    assert.deepEqual(queues.next({ 'mail@main': 0 }, down), [unknown]);
    assert.deepEqual(queues.next({ 'mail@main': undefined }, down), [unknown]);
    assert.deepEqual(queues.next({ 'mail@main': 200 }), ['A{mail} firing']);
    assert.deepEqual(queues.next({ 'mail@main': 0 }), []);
  });

  test('becoming unknown and known again is told, once each', () => {
    const { work } = new Queues('queue_waiting > 100');
    work.samples.add({ __name__: 'queue_waiting', a: 'mail', redis: 'main' }, 10 * second, 200);
    work.at(10 * second);
    assert.equal(work.at(20 * second, {}, down).changed.length, 1);
    assert.equal(work.at(30 * second, {}, down).changed.length, 0);
    const [known] = work.at(40 * second).changed;
    assert.deepEqual([known!.state, known!.unknownSources, known!.unknownSinceMs], ['firing', [], 0]);
  });

  test('alerts of other instances go on as usual', () => {
    const queues = new Queues('queue_waiting > 100');
    queues.next({ 'mail@main': 200, 'mail@other': 200 });
    assert.deepEqual(queues.next({ 'mail@main': 200, 'mail@other': 0 }, down), [unknown]);
  });

  test('nothing begins from samples that are old', () => {
    const queues = new Queues('queue_waiting > 100');
    assert.deepEqual(queues.next({ 'mail@main': 200, 'print@other': 200 }, down), ['A{print} firing']);
    assert.deepEqual(queues.next({ 'mail@main': 200 }), ['A{mail} firing', 'A{print} firing']);
  });

  test('a sum over all instances is unknown with one of them', () => {
    const queues = new Queues('sum(queue_waiting) > 100');
    queues.next({ 'mail@main': 200, 'mail@other': 200 });
    assert.deepEqual(queues.next({ 'mail@other': 0 }, down), ['A{} firing unknown: queues/main']);
  });

  test('`absent` still says that there is nothing', () => {
    const queues = new Queues('absent(queue_waiting)');
    assert.deepEqual(queues.next({}, down), ['A{} firing']);
  });
});

describe('nova_no_data', () => {
  test('left out: a series that ended while its source is up resolves', () => {
    const queues = new Queues('queue_waiting > 100');
    queues.next({ 'mail@main': 200 });
    assert.deepEqual(queues.next({ 'mail@main': undefined }), []);
  });

  test('keep: never resolved for want of data', () => {
    const queues = new Queues('queue_waiting > 100', { noData: 'keep' });
    queues.next({ 'mail@main': 200 });
    assert.deepEqual(queues.next({ 'mail@main': undefined }), ['A{mail} firing unknown: no data']);
    assert.deepEqual(queues.next({}, ['queues/main']), ['A{mail} firing unknown: queues/main']);
    assert.deepEqual(queues.next({ 'mail@main': 0 }), []);
  });

  test('keep: that there is nothing can be what the expression asks for', () => {
    const queues = new Queues('absent(queue_waiting)', { noData: 'keep' });
    assert.deepEqual(queues.next({}), ['A{} firing']);
    assert.deepEqual(queues.next({ 'mail@main': 1 }), []);
  });

  test('ok: as in Prometheus, even while the source is down', () => {
    const queues = new Queues('queue_waiting > 100', { noData: 'ok' });
    assert.deepEqual(queues.next({ 'mail@main': 200 }, ['queues/main']), ['A{mail} firing']);
    assert.deepEqual(queues.next({ 'mail@main': undefined }, ['queues/main']), []);
  });

  test('alert: one alert says that there is nothing, until there is', () => {
    const annotations = { summary: 'waiting: {{ $value }}' };
    const queues = new Queues('queue_waiting > 100', {
      noData: 'alert',
      annotations,
      labels: { severity: 'page' },
    });
    assert.deepEqual(queues.next({}), ['A{} firing']);
    const [alert] = queues.work.book.active();
    assert.deepEqual(alert!.labels, { alertname: 'A', severity: 'page' });
    assert.deepEqual(alert!.annotations, { summary: 'waiting: NaN', no_data: 'true' });
    assert.deepEqual(queues.next({}, ['queues/main']), ['A{} firing']);
    assert.deepEqual(queues.next({ 'mail@main': 0 }), []);
    assert.deepEqual(queues.next({ 'mail@main': 200 }), ['A{mail} firing']);
    assert.deepEqual(queues.next({ 'mail@main': undefined }), ['A{} firing']);
  });

  test('alert: an alert without labels of its own goes on as the one that says so, and back', () => {
    const queues = new Queues('sum(queue_waiting) > 100', { noData: 'alert' });
    queues.next({ 'mail@main': 200 });
    const [before] = queues.work.book.active();
    assert.deepEqual(before!.annotations, {});
    queues.next({ 'mail@main': undefined });
    const [without] = queues.work.book.active();
    assert.deepEqual([without!.id, without!.annotations], [before!.id, { no_data: 'true' }]);
    queues.next({ 'mail@main': 200 });
    assert.deepEqual(queues.work.book.active()[0]!.annotations, {});
  });
});

describe('nova_clear', () => {
  const clear = 'queue_waiting < 50';

  test('keeps an alert firing until it is clear', () => {
    const queues = new Queues('queue_waiting > 100', { clear });
    assert.deepEqual(queues.next({ 'mail@main': 80 }), []);
    queues.next({ 'mail@main': 200 });
    assert.deepEqual(queues.next({ 'mail@main': 80 }), ['A{mail} firing']);
    assert.deepEqual(queues.next({ 'mail@main': 200 }), ['A{mail} firing']);
    assert.deepEqual(queues.next({ 'mail@main': 50 }), ['A{mail} firing']);
    assert.deepEqual(queues.next({ 'mail@main': 49 }), []);
    assert.deepEqual(queues.next({ 'mail@main': 80 }), []);
  });

  test('is asked for each alert by the labels that both have', () => {
    const queues = new Queues('queue_waiting > 100', {
      clear: 'sum by (a) (queue_waiting) < 50',
      labels: { a: 'x' },
    });
    queues.next({ 'mail@main': 200 });
    queues.next({ 'mail@main': 80 });
    assert.deepEqual(queues.work.states, ['A{x} firing']);

    const plain = new Queues('queue_waiting > 100', { clear: 'sum by (a) (queue_waiting) < 50' });
    plain.next({ 'mail@main': 200, 'print@main': 200 });
    assert.deepEqual(plain.next({ 'mail@main': 10, 'print@main': 80 }), ['A{print} firing']);
  });

  test('lets an alert go whose series ended', () => {
    const queues = new Queues('queue_waiting > 100', { clear });
    queues.next({ 'mail@main': 200, 'print@main': 80 });
    assert.deepEqual(queues.next({ 'mail@main': undefined }), []);
  });

  test('does not hold what is only pending', () => {
    const queues = new Queues('queue_waiting > 100', { clear, forMs: 20_000 });
    assert.deepEqual(queues.next({ 'mail@main': 200 }), ['A{mail} pending']);
    assert.deepEqual(queues.next({ 'mail@main': 80 }), []);
  });

  test('goes before `keep_firing_for`', () => {
    const queues = new Queues('queue_waiting > 100', { clear, keepFiringForMs: 15_000 });
    queues.next({ 'mail@main': 200 });
    queues.next({ 'mail@main': 80 });
    queues.next({ 'mail@main': 80 });
    assert.deepEqual(queues.next({ 'mail@main': 10 }), ['A{mail} firing']);
    assert.deepEqual(queues.next({ 'mail@main': 10 }), ['A{mail} firing']);
    assert.deepEqual(queues.next({ 'mail@main': 10 }), []);
  });

  test('holds ten thousand alerts', () => {
    const queues = new Queues('queue_waiting > 100', { clear });
    const all = (value: number) =>
      Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`q${index}@main`, value]));
    queues.next(all(200));
    assert.equal(queues.next(all(80)).length, 10_000);
    assert.equal(queues.next({ ...all(80), 'q7@main': 3 }).length, 9_999);
  });
});
