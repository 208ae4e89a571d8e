-- Drops the reports of one list that nobody fetched for so long.
-- KEYS: the list, open of the sender's name or any key
-- ARGV: the sender whose list it is, or "" for a group; for how many milliseconds they waited
-- Answers how many there were.
redis.call('PERSIST', KEYS[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local dropped = redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', now - ARGV[2]))
if dropped > 0 and ARGV[1] ~= '' then
  if redis.call('HINCRBY', KEYS[2], ARGV[1], -dropped) <= 0 then
    redis.call('HDEL', KEYS[2], ARGV[1])
  end
end
if redis.call('XLEN', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[1])
end
return dropped
