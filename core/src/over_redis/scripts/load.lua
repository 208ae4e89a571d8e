-- Before operations are read, in the same transaction: is the epoch right? Raises the beat
-- if there are any.
-- KEYS: lease, ops
-- ARGV: epoch, holder or "" for whoever it is, the position to begin at
-- Answers the beat, or nothing if the epoch is another one.
redis.call('PERSIST', KEYS[1])
local lease = redis.call('HMGET', KEYS[1], 'epoch', 'holder', 'beat')
if lease[1] ~= ARGV[1] or (ARGV[2] ~= '' and lease[2] ~= ARGV[2]) then
  return false
end
if #redis.call('XRANGE', KEYS[2], ARGV[3], '+', 'COUNT', 1) == 0 then
  return tonumber(lease[3])
end
return redis.call('HINCRBY', KEYS[1], 'beat', 1)
