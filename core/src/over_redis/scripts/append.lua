-- Appends operations of one sender, in order, unless they are in already.
-- KEYS: ops, seen, open of the name, runs of the name, names, groups
-- ARGV: sender, its name, after, "1" if the sender gets the reports, the group that gets
--       them or "", "1" to say that the sender lives, the first number, the last, all
--       of them with commas, and for each of them what is kept
-- Answers {1, the largest number that is in}, or {0, that} if it is less than "after".
local seen = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0)
if seen < tonumber(ARGV[3]) then
  return {0, seen}
end
if #ARGV > 9 and tonumber(ARGV[8]) > seen then
  local added = 0
  if tonumber(ARGV[7]) > seen then
    for i = 10, #ARGV do
      redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[i])
    end
    added = #ARGV - 9
  else
    local i = 10
    for number in string.gmatch(ARGV[9], '%d+') do
      if tonumber(number) > seen then
        redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[i])
        added = added + 1
      end
      i = i + 1
    end
  end
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[8])
  if ARGV[4] == '1' then
    redis.call('HINCRBY', KEYS[3], ARGV[1], added)
  end
  seen = tonumber(ARGV[8])
end
if ARGV[6] == '1' or ARGV[5] ~= '' then
  local clock = redis.call('TIME')
  local now = string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))
  if ARGV[6] == '1' then
    redis.call('ZADD', KEYS[4], now, ARGV[1])
    redis.call('ZADD', KEYS[5], now, ARGV[2])
  end
  if ARGV[5] ~= '' then
    redis.call('ZADD', KEYS[6], now, ARGV[5])
  end
end
return {1, seen}
