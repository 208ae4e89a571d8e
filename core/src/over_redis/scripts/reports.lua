-- Removes the reports that were taken, and says whether this process may read the others.
-- KEYS: the list, open of the sender's name, readers, runs of the reader's name, names
-- ARGV: reader, its name, the sender whose list it is or "" for a group, the list's field of
--       "readers" or "" for the reader's own list, for how many milliseconds one reads alone,
--       "1" to say that the reader lives, the position up to which everything was taken or
--       "", the one behind it, and the positions of what else was taken
-- Answers 1, or 0 if somebody else reads the list.
redis.call('PERSIST', KEYS[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local removed = 0
if ARGV[7] ~= '' then
  -- What is before a report was added before it: while it is there, nothing is new.
  if #redis.call('XRANGE', KEYS[1], ARGV[7], ARGV[7]) > 0 then
    removed = redis.call('XTRIM', KEYS[1], 'MINID', ARGV[8])
  end
end
for i = 9, #ARGV do
  removed = removed + redis.call('XDEL', KEYS[1], ARGV[i])
end
if removed > 0 and ARGV[3] ~= '' then
  if redis.call('HINCRBY', KEYS[2], ARGV[3], -removed) <= 0 then
    redis.call('HDEL', KEYS[2], ARGV[3])
  end
end
if ARGV[6] == '1' then
  redis.call('ZADD', KEYS[4], string.format('%.0f', now), ARGV[1])
  redis.call('ZADD', KEYS[5], string.format('%.0f', now), ARGV[2])
end
if ARGV[4] ~= '' then
  local at, reader = string.match(redis.call('HGET', KEYS[3], ARGV[4]) or '', '^(%d+) (.*)$')
  local age = now - tonumber(at or 0)
  if reader ~= ARGV[1] and age < tonumber(ARGV[5]) then
    return 0
  end
  if reader ~= ARGV[1] or age > 1000 then
    redis.call('HSET', KEYS[3], ARGV[4], string.format('%.0f ', now) .. ARGV[1])
  end
end
return 1
