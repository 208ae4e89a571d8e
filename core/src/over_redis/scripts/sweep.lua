-- Forgets runs of one name that were silent for long and have nothing open.
-- KEYS: runs of the name, open of the name, seen, readers, names
-- ARGV: the name, how many milliseconds of silence are long, how many runs to look at
-- Answers the runs that were silent for as long and have something open.
redis.call('PERSIST', KEYS[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local before = string.format('%.0f', now - ARGV[2])
local kept = {}
local runs = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', before, 'LIMIT', 0, ARGV[3])
for i = 1, #runs do
  if redis.call('HGET', KEYS[2], runs[i]) then
    kept[#kept + 1] = runs[i]
  else
    redis.call('ZREM', KEYS[1], runs[i])
    redis.call('HDEL', KEYS[3], runs[i])
    redis.call('HDEL', KEYS[4], 'rep:' .. runs[i])
  end
end
-- A name without runs is one that nobody has.
local left = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'LIMIT', 0, 1)
if #left == 0 then
  redis.call('ZREM', KEYS[5], ARGV[1])
end
return kept
