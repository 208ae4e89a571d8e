-- Takes or renews the lease.
-- KEYS: lease
-- ARGV: holder, its epoch or "" to take the lease, for how many milliseconds, for how many
--       one is the first in line
-- Answers {1, epoch, beat, top}, or {0, holder, milliseconds left, 1 for the first in line}.

-- A write that frees memory: those behind it are let through when Redis is full.
redis.call('PERSIST', KEYS[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lease = redis.call('HMGET', KEYS[1], 'epoch', 'holder', 'until', 'top', 'next', 'next_until')
local epoch, own = lease[1] or '0', lease[2] == ARGV[1]
local left = tonumber(lease[3] or 0) - now
local renews = ARGV[2] ~= '' and own and epoch == ARGV[2]
local takes = ARGV[2] == '' and (own or left <= 0)
if renews or takes then
  if takes then
    epoch = redis.call('HINCRBY', KEYS[1], 'epoch', 1)
    redis.call('HSET', KEYS[1], 'holder', ARGV[1])
    if lease[5] == ARGV[1] then
      redis.call('HDEL', KEYS[1], 'next', 'next_until')
    end
  end
  redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now + ARGV[3]))
  return {1, tonumber(epoch), redis.call('HINCRBY', KEYS[1], 'beat', 1), lease[4] or ''}
end
local first = 0
local line = tonumber(lease[6] or 0) - now
if lease[5] == ARGV[1] or line <= 0 then
  first = 1
  if lease[5] ~= ARGV[1] or line < ARGV[4] - 1000 then
    redis.call('HSET', KEYS[1], 'next', ARGV[1], 'next_until', string.format('%.0f', now + ARGV[4]))
  end
end
return {0, lease[2] or '', math.max(left, 0), first}
