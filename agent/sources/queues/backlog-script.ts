import { type ScriptRunner, script } from './scripts.ts';

/** A delayed job counts as overdue when it is due for longer: workers' clocks differ from that of Redis. */
export const overdueAfterMs = 5_000;
/** Of the active jobs those that were started first are looked at: the ones without a worker are among them. */
const mostLocks = 10;

/**
 * First the time of Redis, then eleven numbers a queue, -1 for "not known": metrics of completed and failed; jobs
 * completed and failed after the watermark, and kept from before it; age of the oldest waiting job; jobs started under
 * the rate limit in force (0: none is) and the limit that the queue has for all workers; overdue jobs; stalled jobs.
 * The last five are only looked for where ARGV says so: a digit each, 1 when jobs wait, are delayed, are active.
 *
 * A job is due at timestamp + the delay it was added with: promotion sets the field `delay` to 0 and leaves the one
 * in `opts`. A job that was started before waits again since that start at the earliest; one that waited for
 * children, or was retried by hand, has no time on record. Of `wait` and `paused` both ends are looked at, as LIFO
 * jobs go in at the other one; of `prioritized` the first job of the first and of the last priority (a score is
 * priority × 2^32 + a counter).
 *
 * As BullMQ has it (moveToActive, moveStalledJobsToWait): `limiter` counts the jobs started since it came, and goes by
 * its time to live; at the limit none is started, and Worker.rateLimit sets it to the largest integer. The limit is in
 * `meta` only when it was set for the queue, else each worker has its own. The score of a delayed job is its
 * due time × 0x1000 + a counter. An active job has a key `…:lock` until it is finished; a worker that is gone
 * or blocked renews it no more. The oldest active job is the last of its list.
 */
const backlogScript = script(`
local call = redis.pcall
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local untilMs = now - tonumber(ARGV[1])
local untilText = string.format('%.0f', untilMs)
local overdueText = string.format('%.0f', (now - tonumber(ARGV[2])) * 4096)
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
local function limiter(q)
  local jobs = call('GET', q .. 'limiter')
  if not jobs then return 0 end
  if type(jobs) ~= 'string' then return -1 end
  local left = call('PTTL', q .. 'limiter')
  if type(left) == 'number' and left <= 0 then return 0 end
  return math.min(tonumber(jobs) or -1, 1e9), call('HGET', q .. 'meta', 'max')
end
local function stalled(q)
  local ids = call('LRANGE', q .. 'active', -${mostLocks}, -1)
  if ids.err then return -1 end
  local locks = {}
  for _, id in ipairs(ids) do
    if string.sub(id, 1, 2) ~= '0:' then locks[#locks + 1] = q .. id .. ':lock' end
  end
  if #locks == 0 then return 0 end
  local held = call('EXISTS', unpack(locks))
  return type(held) == 'number' and #locks - held or -1
end
for i = 1, #KEYS do
  local q = KEYS[i]
  local w, d, a = string.byte(ARGV[3 * i + 2], 1, 3)
  put(call('HGET', q .. 'metrics:completed', 'count'))
  put(call('HGET', q .. 'metrics:failed', 'count'))
  for s, key in ipairs({q .. 'completed', q .. 'failed'}) do
    local mark = ARGV[3 * i - 1 + s]
    local new, older = 0, -1
    if mark ~= '' and tonumber(mark) < untilMs then
      new = call('ZCOUNT', key, '(' .. mark, untilText)
      if new ~= 0 then older = call('ZCOUNT', key, '-inf', mark) end
    end
    put(new)
    put(older)
  end
  local starts, limit
  if w == 49 then
    put(oldest(q))
    starts, limit = limiter(q)
  else
    put(-1)
  end
  put(starts)
  put(limit)
  put(d == 49 and call('ZCOUNT', q .. 'delayed', '-inf', overdueText))
  put(a == 49 and stalled(q))
end
return out
`);

const width = 11;

/** What the script says of one queue; -1 is "not known". */
export interface BacklogReply {
  readonly completedMetric: number;
  readonly failedMetric: number;
  readonly completed: number;
  readonly completedOlder: number;
  readonly failed: number;
  readonly failedOlder: number;
  readonly oldestAgeMs: number;
  /** Jobs started under the rate limit in force; 0 when none is. */
  readonly limitedStarts: number;
  readonly limit: number;
  readonly overdue: number;
  readonly stalled: number;
}

/** What the script is told of one queue. */
export interface BacklogQuestion {
  readonly keyBase: string;
  /** Watermarks in milliseconds since 1970, NaN before the first look. */
  readonly completedAfterMs: number;
  readonly failedAfterMs: number;
  readonly jobsWait: boolean;
  readonly jobsAreDelayed: boolean;
  readonly jobsAreActive: boolean;
}

/** Asks of some queues in one script; jobs that finished in the last `settleMs` are left to the next time. */
export async function readBacklog(
  scripts: ScriptRunner,
  questions: readonly BacklogQuestion[],
  settleMs: number,
): Promise<{ readonly nowMs: number; readonly queues: readonly BacklogReply[] }> {
  const args = questions.flatMap((question) => [
    mark(question.completedAfterMs),
    mark(question.failedAfterMs),
    `${+question.jobsWait}${+question.jobsAreDelayed}${+question.jobsAreActive}`,
  ]);
  const keys = questions.map(({ keyBase }) => keyBase);
  const reply = (await scripts.run(backlogScript, keys, [settleMs, overdueAfterMs, ...args])) as number[];
  return { nowMs: reply[0]!, queues: questions.map((_, i) => replyOf(reply, 1 + i * width)) };
}

function replyOf(reply: readonly number[], at: number): BacklogReply {
  const number = (i: number) => reply[at + i] ?? -1;
  return {
    completedMetric: number(0),
    failedMetric: number(1),
    completed: Math.max(0, number(2)),
    completedOlder: number(3),
    failed: Math.max(0, number(4)),
    failedOlder: number(5),
    oldestAgeMs: number(6),
    limitedStarts: number(7),
    limit: number(8),
    overdue: number(9),
    stalled: number(10),
  };
}

function mark(watermarkMs: number): string {
  return Number.isNaN(watermarkMs) ? '' : `${watermarkMs}`;
}
