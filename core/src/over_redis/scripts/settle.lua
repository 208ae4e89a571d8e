-- Removes operations that are through, and adds a report for each that was still there.
-- KEYS: lease, ops, lists of reports
-- ARGV: epoch, holder or "" for whoever it is, the beat or "" for any, top or "", and for
--       each operation: its position, the number of its list among KEYS or "0", its report
-- Answers the beat, nothing if the epoch is another one, or 0 if the beat is: then the
-- positions may be those of other operations.
redis.call('PERSIST', KEYS[1])
local lease = redis.call('HMGET', KEYS[1], 'epoch', 'holder', 'beat', 'top')
if lease[1] ~= ARGV[1] or (ARGV[2] ~= '' and lease[2] ~= ARGV[2]) then
  return false
end
if ARGV[3] ~= '' and lease[3] ~= ARGV[3] then
  return 0
end
if ARGV[4] ~= '' and ARGV[4] ~= lease[4] then
  local major, minor = string.match(ARGV[4], '(%d+)-(%d+)')
  local old_major, old_minor = string.match(lease[4] or '0-0', '(%d+)-(%d+)')
  major, old_major = tonumber(major), tonumber(old_major)
  if major > old_major or (major == old_major and tonumber(minor) > tonumber(old_minor)) then
    redis.call('HSET', KEYS[1], 'top', ARGV[4])
  end
end
for i = 5, #ARGV, 3 do
  if redis.call('XDEL', KEYS[2], ARGV[i]) == 1 and ARGV[i + 1] ~= '0' then
    redis.call('XADD', KEYS[tonumber(ARGV[i + 1])], '*', 'r', ARGV[i + 2])
  end
end
return redis.call('HINCRBY', KEYS[1], 'beat', 1)
