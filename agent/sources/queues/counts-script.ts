import { type ScriptRunner, script } from './scripts.ts';

/** Where BullMQ keeps jobs: three lists, then sorted sets. */
export const jobKeys = [
  'wait',
  'paused',
  'active',
  'completed',
  'failed',
  'delayed',
  'prioritized',
  'waiting-children',
] as const;

/** How many jobs lie under each of `jobKeys`, -1 where that is not known, and whether the queue is paused (0 or 1). */
export interface QueueCounts {
  readonly jobs: readonly number[];
  readonly paused: number;
}

/**
 * Calls are what a script costs. So ARGV tells of each queue, in two hexadecimal digits, which of its keys had jobs
 * at the reading before, as the sum of 2^index; those are counted, and one EXISTS over the others says whether they are still empty.
 *
 * A queue's reply is its flag `paused` (0 or 1) and those counts; or the flag + 2 and all eight counts, when some
 * other key has jobs now; or -1 alone, when it has no key at all. A count of -1 is "not known".
 *
 * Like BullMQ's getCounts, it leaves out the marker `0:…` that versions before 5 keep at the end of `wait`, but
 * does not remove it. Jobs of a paused queue lie in `paused` before version 6, and in `wait` since.
 */
const countsScript = script(`
local call = redis.pcall
local keys = {${jobKeys.map((key) => `'${key}'`).join(', ')}}
local plans = {}
local function plan(had)
  local bits, made = tonumber(had, 16), {counted = {}, empty = {}}
  for k = 1, #keys do
    local list = bits % 2 == 1 and made.counted or made.empty
    list[#list + 1] = k
    bits = math.floor(bits / 2)
  end
  plans[had] = made
  return made
end
local function count(q, k)
  local key = q .. keys[k]
  local jobs = call(k > 3 and 'ZCARD' or 'LLEN', key)
  if type(jobs) ~= 'number' then return -1 end
  if k < 3 and jobs > 0 then
    local last = call('LINDEX', key, -1)
    if string.sub(last, 1, 2) == '0:' then return jobs - 1 end
  end
  return jobs
end
local out, n, others = {}, 0, {}
for i = 1, #KEYS do
  local q, digits = KEYS[i], string.sub(ARGV[1], 2 * i - 1, 2 * i)
  local had = plans[digits] or plan(digits)
  local counted, empty = had.counted, had.empty
  local head, any = n + 1, false
  n = head
  for j = 1, #counted do
    n = n + 1
    out[n] = count(q, counted[j])
    any = any or out[n] ~= 0
  end
  local paused = call('HEXISTS', q .. 'meta', 'paused')
  for j = 1, #empty do others[j] = q .. keys[empty[j]] end
  if #empty > 0 and call('EXISTS', unpack(others, 1, #empty)) ~= 0 then
    for k = 1, #keys do out[head + k] = count(q, k) end
    n = head + #keys
    paused = paused == 1 and 3 or 2
  elseif not any and call('EXISTS', q .. 'meta', q .. 'id', q .. 'events') == 0 then
    n = head
    paused = -1
  end
  out[head] = type(paused) == 'number' and paused or 0
end
for j = #out, n + 1, -1 do out[j] = nil end
return out
`);

/**
 * Counts the jobs of queues in one script; null for a queue that has no key at all. `had` holds for each queue the
 * keys that are likely to have jobs, as the sum of 2^index; what is not likely is found all the same.
 */
export async function countByScript(
  scripts: ScriptRunner,
  keyBases: readonly string[],
  had: Uint8Array,
): Promise<(QueueCounts | null)[]> {
  const reply = (await scripts.run(countsScript, keyBases, [Buffer.from(had).toString('hex')])) as number[];
  let next = 0;
  return keyBases.map((_, i) => {
    const head = reply[next++]!;
    if (head < 0) return null;
    const all = head >= 2;
    const jobs = jobKeys.map((_, k) => (all || had[i]! & (1 << k) ? reply[next++]! : 0));
    return { jobs, paused: head % 2 };
  });
}
