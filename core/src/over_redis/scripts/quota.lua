-- One question to the clock of the application; core/src/fleet/quota/clock.rs is the same
-- in Rust, with the reasons.
--
-- KEYS: the clock (hash), the processes (sorted set: last seen).
-- ARGV: process, want, rate, lead, pause, lost (0 or 1), told; times in microseconds.
-- Answers now, first, granted, at, rate, pace, members, born, settle.

local COUNTED = 10000000
local SETTLE, SETTLE_ASK, GAP = 3000000, 250000, 250000
local SLOW, SLOWER = 2000000, 5
local QUIET, QUIET_LOST, QUIET_REQUESTS = 250000, 100000, 4
local STEP = 10000
local KEPT_S = 7 * 86400

-- Not held up by a full memory, and then nothing is that follows.
redis.call('PERSIST', KEYS[1])

local function spaced(requests, rate)
  return math.ceil(requests * 1000000 / rate)
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local want, rate_asked = tonumber(ARGV[2]), tonumber(ARGV[3])
local lead, pause = tonumber(ARGV[4]), tonumber(ARGV[5])
local lost, told = ARGV[6] == '1', tonumber(ARGV[7])

local names = { 'born', 'last', 'at', 'paused', 'settle', 'slow', 'rate', 'rate_at' }
local kept = redis.call('HMGET', KEYS[1], 'born', 'last', 'at', 'paused', 'settle', 'slow',
  'rate', 'rate_at')
local clock = {}
for n = 1, #names do
  clock[names[n]] = tonumber(kept[n] or '0') or 0
end

-- The server's clock may be set back.
local back = clock.last - now
if back > STEP then
  for _, name in ipairs({ 'at', 'paused', 'settle', 'slow', 'rate_at' }) do
    clock[name] = math.max(0, clock[name] - back)
  end
  clock.last = now
  for _, process in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], string.format('(%.0f', now),
    '+inf')) do
    redis.call('ZADD', KEYS[2], string.format('%.0f', now), process)
  end
else
  now = math.max(now, clock.last)
end

if clock.rate == 0 or rate_asked <= clock.rate or now - clock.rate_at > COUNTED then
  clock.rate = rate_asked
  clock.rate_at = now
end
if clock.born == 0 then
  clock.born = now
end

local requests = spaced(QUIET_REQUESTS, clock.rate)
local asked = math.max(clock.last,
  math.min(clock.settle, clock.last + SETTLE_ASK + QUIET_LOST))
if now - math.max(asked, clock.at, clock.paused) > math.max(QUIET, requests) then
  clock.slow = now + SLOW
end
local was_away = now < clock.slow or now - asked > math.max(QUIET_LOST, requests)
if told > clock.at or (lost and was_away) then
  clock.settle = now + SETTLE
  clock.slow = 0
end

redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', now - COUNTED))
if pause > 0 then
  clock.paused = math.max(clock.paused, now + pause)
end
clock.last = now

local after_shares = 0
if clock.settle > 0 then
  after_shares = clock.settle + GAP
end
local first = math.max(clock.at, now + lead, clock.paused, after_shares)
local slower = 1
if now < clock.slow then
  slower = SLOWER
end
local pace = math.max(1, math.floor(clock.rate / slower))
local granted = 0
if now >= clock.settle then
  granted = math.ceil(want / slower)
end
if granted > 0 then
  clock.at = first + spaced(granted, pace)
end

-- Numbers beyond 10^14 lose digits where Lua writes them itself.
local function text(name)
  return string.format('%.0f', clock[name])
end
redis.call('HSET', KEYS[1], 'born', text('born'), 'last', text('last'), 'at', text('at'),
  'paused', text('paused'), 'settle', text('settle'), 'slow', text('slow'), 'rate',
  text('rate'), 'rate_at', text('rate_at'))
redis.call('EXPIRE', KEYS[1], KEPT_S)
redis.call('EXPIRE', KEYS[2], KEPT_S)
return { now, first, granted, clock.at, clock.rate, pace, redis.call('ZCARD', KEYS[2]),
  clock.born, clock.settle }
