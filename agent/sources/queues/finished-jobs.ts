import type { FinishedSpan } from './backlog.ts';
import { type QueueTable, queueField, type WatchedQueue } from './queue-table.ts';
import { type ScriptRunner, script } from './scripts.ts';

/** The newest jobs of a queue that are looked at; fewer where many queues finished jobs. */
const maxJobsPerQueue = 100;
const minJobsPerQueue = 3;
/** Of all queues together, so that the price of a reading is bounded. */
const maxJobs = 2_000;
/** About 1 ms of Redis. */
const jobsPerSlice = 100;

/**
 * Per queue the number of jobs, then wait and run of each in milliseconds, -1 for "not known".
 *
 * wait = processedOn - timestamp - delay, of jobs that were started once (`ats`; `atm`, and `attemptsMade` before
 * version 5, count finished attempts) and never waited for children; not below 0. run = finishedOn - processedOn.
 * The delay is the one the job was added with, see the backlog script.
 */
const timesScript = script(`
local call = redis.pcall
local out, n = {}, 0
local function list(...)
  local reply = call(...)
  return type(reply) == 'table' and not reply.err and reply or {}
end
local function number(value) return tonumber(value or nil) end
local function wait(job, f)
  local added, started, starts = number(f[1]), number(f[3]), number(f[5])
  if not starts then
    local attempts = list('HMGET', job, 'atm', 'attemptsMade')
    starts = number(attempts[1]) or number(attempts[2]) or 1
  end
  if not added or not started or starts > 1 then return -1 end
  if call('EXISTS', job .. ':processed', job .. ':failed', job .. ':unsuccessful') ~= 0 then return -1 end
  local delay = number(f[2]) or 0
  if f[6] and string.find(f[6], '"delay":', 1, true) then
    local ok, opts = pcall(cjson.decode, f[6])
    delay = ok and type(opts) == 'table' and number(opts.delay) or delay
  end
  return math.max(0, started - added - delay)
end
for i = 1, #KEYS do
  local q = KEYS[i]
  local a = 5 * i - 5
  n = n + 1
  local at, count = n, 0
  for s, state in ipairs({'completed', 'failed'}) do
    local limit = ARGV[a + 3 + s]
    local ids = limit ~= '0'
      and list('ZREVRANGEBYSCORE', q .. state, ARGV[a + 3], '(' .. ARGV[a + s], 'LIMIT', 0, limit) or {}
    for _, id in ipairs(ids) do
      local job = q .. id
      local f = list('HMGET', job, 'timestamp', 'delay', 'processedOn', 'finishedOn', 'ats', 'opts')
      local started, finished = number(f[3]), number(f[4])
      out[n + 1] = wait(job, f)
      out[n + 2] = started and finished and finished >= started and finished - started or -1
      n = n + 2
      count = count + 1
    end
  end
  out[at] = count
end
return out
`);

/** Reads how long the jobs of the spans waited and ran. */
export class FinishedJobsReader {
  readonly #scripts: ScriptRunner;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  /** Writes the percentiles of wait and run; `inTime` throws when it is too late for another slice. */
  async read(
    table: QueueTable,
    values: Float64Array,
    spans: readonly FinishedSpan[],
    inTime: () => void,
  ): Promise<void> {
    const offsets = new Map<WatchedQueue, number>(table.queues.map((queue, i) => [queue, table.offset(i)]));
    const perQueue = Math.min(maxJobsPerQueue, Math.max(minJobsPerQueue, Math.floor(maxJobs / spans.length)));
    for (const slice of slicesOf(spans.map((span) => new JobSample(span, perQueue)))) {
      inTime();
      const keys = slice.map(({ span }) => span.queue.keyBase);
      const args = slice.flatMap((sample) => sample.args());
      const reply = (await this.#scripts.run(timesScript, keys, args)) as number[];
      let next = 0;
      for (const { span } of slice) {
        const count = reply[next]!;
        write(values, offsets.get(span.queue)!, reply.slice(next + 1, next + 1 + 2 * count));
        next += 1 + 2 * count;
      }
    }
  }
}

/** How many jobs of a span are looked at: completed and failed ones in the proportion in which they finished. */
class JobSample {
  readonly span: FinishedSpan;
  readonly completed: number;
  readonly failed: number;

  constructor(span: FinishedSpan, limit: number) {
    const all = span.completed + span.failed;
    const size = Math.min(limit, all);
    this.span = span;
    this.failed = Math.min(span.failed, Math.ceil((size * span.failed) / all));
    this.completed = Math.min(span.completed, size - this.failed);
  }

  args(): number[] {
    const { completedAfterMs, failedAfterMs, untilMs } = this.span;
    return [completedAfterMs, failedAfterMs, untilMs, this.completed, this.failed];
  }
}

function slicesOf(samples: readonly JobSample[]): JobSample[][] {
  const slices: JobSample[][] = [];
  let jobs = jobsPerSlice;
  for (const sample of samples) {
    if (jobs >= jobsPerSlice) {
      slices.push([]);
      jobs = 0;
    }
    slices.at(-1)!.push(sample);
    jobs += sample.completed + sample.failed;
  }
  return slices;
}

function write(values: Float64Array, at: number, times: readonly number[]): void {
  const waits = times.filter((ms, i) => i % 2 === 0 && ms >= 0).sort((a, b) => a - b);
  const runs = times.filter((ms, i) => i % 2 === 1 && ms >= 0).sort((a, b) => a - b);
  values[at + queueField.wait_p50_ms] = quantile(waits, 0.5);
  values[at + queueField.wait_p95_ms] = quantile(waits, 0.95);
  values[at + queueField.run_p50_ms] = quantile(runs, 0.5);
  values[at + queueField.run_p95_ms] = quantile(runs, 0.95);
}

/**
 * The `q`-quantile of sorted numbers, interpolated between ranks as Prometheus's quantile_over_time does
 * (definition 7 of Hyndman and Fan, 1996); NaN of none.
 */
export function quantile(sorted: readonly number[], q: number): number {
  const rank = q * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}
