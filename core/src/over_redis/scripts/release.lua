-- Gives the lease up.
-- KEYS: lease
-- ARGV: epoch, holder or "" for whoever it is
redis.call('PERSIST', KEYS[1])
local lease = redis.call('HMGET', KEYS[1], 'epoch', 'holder')
if lease[1] == ARGV[1] and (ARGV[2] == '' or lease[2] == ARGV[2]) then
  redis.call('HSET', KEYS[1], 'holder', '', 'until', '0')
end
return 1
