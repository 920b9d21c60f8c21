-- wrk: asks for the paths of a file, one a line, at random or one after the other, and prints what it measured as one line of JSON.
local paths = {}
local requests = {}
local isOnce = false
local last = 0

function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
  math.randomseed(tonumber(args[2]))
  isOnce = args[3] == 'once'
  for index, path in ipairs(paths) do requests[index] = wrk.format('GET', path) end
end

function request()
  if isOnce then
    last = last % #requests + 1
    return requests[last]
  end
  return requests[math.random(#requests)]
end

function done(summary, latency)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"badStatuses":%d,"failures":%d,"p50":%.3f,"p99":%.3f,"p999":%.3f}\n',
    summary.requests, summary.duration, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
