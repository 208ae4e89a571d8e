-- After operations were read: is the epoch right, and are they still there? Raises the beat
-- if there are any.
-- KEYS: lease, ops
-- ARGV: epoch, holder or "" for whoever it is, the position of the last one or ""
-- Answers the beat, nothing if the epoch is another one, or 0 if the last one is gone: the
-- server went back since.
redis.call('PERSIST', KEYS[1])
local lease = redis.call('HMGET', KEYS[1], 'epoch', 'holder', 'beat')
if lease[1] ~= ARGV[1] or (ARGV[2] ~= '' and lease[2] ~= ARGV[2]) then
  return false
end
if ARGV[3] == '' then
  return tonumber(lease[3])
end
if #redis.call('XRANGE', KEYS[2], ARGV[3], ARGV[3]) == 0 then
  return 0
end
return redis.call('HINCRBY', KEYS[1], 'beat', 1)
