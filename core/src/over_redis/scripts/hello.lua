-- Says that a process is here, and who of its name has left something behind.
-- KEYS: meta, open of the name, runs of the name, names
-- ARGV: schema, application, run, its name, after how many milliseconds of silence a run is
--       gone
-- Answers {schema, application, now, {runs that are gone and have something open}}; nothing
-- is done if schema or application are others.
redis.call('PERSIST', KEYS[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local meta = redis.call('HMGET', KEYS[1], 'schema', 'application')
if not meta[1] then
  redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'application', ARGV[2])
elseif meta[1] ~= ARGV[1] or meta[2] ~= ARGV[2] then
  return {meta[1], meta[2] or '', now, {}}
end
redis.call('ZADD', KEYS[3], string.format('%.0f', now), ARGV[3])
redis.call('ZADD', KEYS[4], string.format('%.0f', now), ARGV[4])
local gone = {}
local open = redis.call('HKEYS', KEYS[2])
for i = 1, #open do
  local seen = tonumber(redis.call('ZSCORE', KEYS[3], open[i]) or 0)
  if open[i] ~= ARGV[3] and now - seen > tonumber(ARGV[5]) then
    gone[#gone + 1] = open[i]
  end
end
return {ARGV[1], ARGV[2], now, gone}
