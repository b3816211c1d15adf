import { type QueueTable, queueField, type Tally, type WatchedQueue } from './queue-table.ts';
import { type ScriptRunner, script } from './scripts.ts';

/** Cheap per queue, dear per waiting job looked at: about 1 ms of Redis a slice at the most. */
const queuesPerSlice = 50;

/**
 * Jobs count as finished so long after their finishing time, which is the worker's clock and is set before the job
 * reaches Redis: jobs that arrive out of order, or from a host whose clock is behind, are not missed.
 */
export const settleMs = 2_000;

/** Jobs of one queue that finished between its watermarks and `untilMs`. */
export interface FinishedSpan {
  readonly queue: WatchedQueue;
  readonly completedAfterMs: number;
  readonly failedAfterMs: number;
  readonly untilMs: number;
  readonly completed: number;
  readonly failed: number;
}

/**
 * First the time of Redis, then seven numbers a queue, -1 for "not known": metrics of completed and failed; jobs
 * completed and failed after the watermark, and kept from before it; age of the oldest waiting job.
 *
 * A job is due at timestamp + the delay it was added with: promotion sets the field `delay` to 0 and leaves the one
 * in `opts`. A job that was started before waits again since that start at the earliest; one that waited for
 * children, or was retried by hand, has no time on record. Of `wait` and `paused` both ends are looked at, as LIFO
 * jobs go in at the other one; of `prioritized` the first job of the first and of the last priority (a score is
 * priority × 2^32 + a counter).
 */
const backlogScript = script(`
local call = redis.pcall
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local untilMs = now - tonumber(ARGV[1])
local untilText = string.format('%.0f', untilMs)
local out, n = {now}, 1
local function put(value)
  value = type(value) == 'string' and tonumber(value) or value
  n = n + 1
  out[n] = type(value) == 'number' and value or -1
end
local function list(...)
  local reply = call(...)
  return type(reply) == 'table' and not reply.err and reply or {}
end
local function since(q, id)
  if type(id) ~= 'string' then return nil end
  local f = list('HMGET', q .. id, 'timestamp', 'delay', 'processedOn', 'ats', 'opts')
  local added = tonumber(f[1] or nil)
  if not added then return nil end
  local started = tonumber(f[3] or nil)
  if started then return started end
  if (tonumber(f[4] or nil) or 0) > 0 then return nil end
  if call('EXISTS', q .. id .. ':processed', q .. id .. ':failed', q .. id .. ':unsuccessful') ~= 0 then
    return nil
  end
  local delay = tonumber(f[2] or nil) or 0
  if f[5] and string.find(f[5], '"delay":', 1, true) then
    local ok, opts = pcall(cjson.decode, f[5])
    delay = ok and type(opts) == 'table' and tonumber(opts.delay) or delay
  end
  return added + delay
end
local function oldest(q)
  local least
  local function look(id)
    local at = since(q, id)
    if at and (not least or at < least) then least = at end
  end
  for _, key in ipairs({q .. 'wait', q .. 'paused'}) do
    local first = call('LINDEX', key, 0)
    if type(first) == 'string' then
      local last = call('LINDEX', key, -1)
      if string.sub(last, 1, 2) == '0:' then last = call('LINDEX', key, -2) end
      look(first)
      if last ~= first then look(last) end
    end
  end
  local last = list('ZRANGE', q .. 'prioritized', -1, -1, 'WITHSCORES')
  if last[1] then
    local from = string.format('%.0f', math.floor(tonumber(last[2]) / 4294967296) * 4294967296)
    local first = list('ZRANGE', q .. 'prioritized', 0, 0)
    local slowest = list('ZRANGEBYSCORE', q .. 'prioritized', from, '+inf', 'LIMIT', 0, 1)
    look(first[1])
    if slowest[1] ~= first[1] then look(slowest[1]) end
  end
  return least and math.max(0, now - least)
end
for i = 1, #KEYS do
  local q = KEYS[i]
  put(call('HGET', q .. 'metrics:completed', 'count'))
  put(call('HGET', q .. 'metrics:failed', 'count'))
  for s, key in ipairs({q .. 'completed', q .. 'failed'}) do
    local mark = ARGV[3 * i - 2 + s]
    local new, older = 0, -1
    if mark ~= '' and tonumber(mark) < untilMs then
      new = call('ZCOUNT', key, '(' .. mark, untilText)
      if new ~= 0 then older = call('ZCOUNT', key, '-inf', mark) end
    end
    put(new)
    put(older)
  end
  put(ARGV[3 * i + 1] == '1' and oldest(q))
end
return out
`);

const width = 7;

/** What is dearer than counts and is asked every 10 s: totals of finished jobs and the age of the oldest waiting. */
export class BacklogReader {
  readonly #scripts: ScriptRunner;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  /**
   * Writes `completed_total`, `failed_total` and `oldest_waiting_age_ms`; the counts must be in `values` already.
   * Gives the jobs that finished since the reading before. `inTime` throws when it is too late for another slice;
   * queues that were not reached keep their watermarks.
   */
  async read(table: QueueTable, values: Float64Array, inTime: () => void): Promise<FinishedSpan[]> {
    const spans: FinishedSpan[] = [];
    const present = table.queues.flatMap((_, i) => (isPresent(table, values, i) ? i : []));
    for (let first = 0; first < present.length; first += queuesPerSlice) {
      inTime();
      const slice = present.slice(first, first + queuesPerSlice);
      const queues = slice.map((i) => table.queues[i]!);
      const args = slice.flatMap((i) => {
        const { completed, failed } = table.queues[i]!;
        return [markOf(completed), markOf(failed), someoneWaits(table, values, i) ? '1' : ''];
      });
      const keys = queues.map((queue) => queue.keyBase);
      const reply = (await this.#scripts.run(backlogScript, keys, [settleMs, ...args])) as number[];
      slice.forEach((i, s) => {
        const numbers = reply.slice(1 + s * width, 1 + (s + 1) * width);
        spans.push(take(table, values, i, reply[0]!, numbers));
      });
    }
    return spans.filter((span) => span.completed + span.failed > 0);
  }
}

function take(
  table: QueueTable,
  values: Float64Array,
  i: number,
  nowMs: number,
  numbers: readonly number[],
): FinishedSpan {
  const queue = table.queues[i]!;
  const at = table.offset(i);
  const [completedMetric = -1, failedMetric = -1, completed = 0, completedOlder = -1] = numbers;
  const [failed = 0, failedOlder = -1, age = -1] = numbers.slice(4);
  const span = {
    queue,
    completedAfterMs: queue.completed.watermarkMs,
    failedAfterMs: queue.failed.watermarkMs,
    untilMs: nowMs - settleMs,
    completed: Math.max(0, completed),
    failed: Math.max(0, failed),
  };
  // Workers that keep metrics keep both, each from its first job on.
  const metricsKept = completedMetric >= 0 || failedMetric >= 0;
  advance(queue.completed, nowMs, span.completed, completedOlder, values[at + queueField.completed]!);
  advance(queue.failed, nowMs, span.failed, failedOlder, values[at + queueField.failed]!);
  values[at + queueField.completed_total] = totalOf(queue.completed, completedMetric, metricsKept);
  values[at + queueField.failed_total] = totalOf(queue.failed, failedMetric, metricsKept);
  if (age >= 0) values[at + queueField.oldest_waiting_age_ms] = age;
  return span;
}

function advance(tally: Tally, nowMs: number, fresh: number, older: number, keptNow: number): void {
  const firstLook = Number.isNaN(tally.watermarkMs);
  // Whatever lay before the watermark is gone, and newer jobs are there: more of them may have come and gone.
  tally.outrun = tally.settled && fresh > 0 && older === 0;
  tally.settled ||= fresh > 0 || (firstLook && keptNow > 0);
  tally.kept ||= keptNow > 0 || fresh > 0;
  tally.counted += fresh;
  tally.watermarkMs = firstLook ? nowMs : Math.max(tally.watermarkMs, nowMs - settleMs);
}

function totalOf(tally: Tally, metric: number, metricsKept: boolean): number {
  if (metric >= 0) return metric;
  return (tally.kept || metricsKept) && !tally.outrun ? tally.counted : Number.NaN;
}

function markOf({ watermarkMs }: Tally): string {
  return Number.isNaN(watermarkMs) ? '' : `${watermarkMs}`;
}

function isPresent(table: QueueTable, values: Float64Array, i: number): boolean {
  const at = table.offset(i);
  return !Number.isNaN(values[at + queueField.paused]!);
}

function someoneWaits(table: QueueTable, values: Float64Array, i: number): boolean {
  const at = table.offset(i);
  return values[at + queueField.waiting]! > 0 || values[at + queueField.prioritized]! > 0;
}
