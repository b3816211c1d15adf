-- An exact number of requests (NOVA_REQUESTS) for wrk, which by itself goes on until its time is over and cuts off
-- what is then under way. With one thread; the starter interrupts wrk once `answered` is written.
local wanted = tonumber(os.getenv('NOVA_REQUESTS'))
local sent, answered = 0, 0

-- Asked before every request: those after the last one would come in an hour.
function delay()
  if sent == wanted then return 3600 * 1000 end
  sent = sent + 1
  return 0
end

function response()
  answered = answered + 1
  if answered == wanted then
    io.write('answered\n')
    io.flush()
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'result {"requests": %d, "notOk": %d, "failed": %d, "p50Us": %d, "p95Us": %d, "p99Us": %d}\n',
    summary.requests, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
