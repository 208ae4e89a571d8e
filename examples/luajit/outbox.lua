-- Binds three phones to players through the outbox and prints the outcome of each; the
-- exit status is 0 when all of it was accepted. Options come from the environment:
-- XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY, XGPUSH_ACCESS_POINT …
--
--   luajit outbox.lua [xgpush.h]
local ffi = require("ffi")

-- The declarations are the header itself, without what is for a preprocessor.
local path = arg[1] or "/usr/include/xgpush.h"
local header = assert(io.open(path)):read("*a")
ffi.cdef((header:gsub("#ifdef __cplusplus.-#endif[^\n]*", ""):gsub("\n#[^\n]*", "")))
local abi = tonumber(header:match("#define XG_ABI_VERSION (%d+)"))
local no_account_type = -2 ^ 31 -- XG_NO_ACCOUNT_TYPE, a macro
local xg = ffi.load("libxgpush.so.0")

local states = {
  [xg.XG_STATE_ACCEPTED] = "accepted",
  [xg.XG_STATE_REJECTED] = "rejected",
  [xg.XG_STATE_UNKNOWN] = "unknown",
  [xg.XG_STATE_NOT_SENT] = "not_sent",
}

-- Calls a function whose last argument is the error; raises what it says.
local function try(call, ...)
  local arguments = { ... }
  local failure = ffi.new("xg_error *[1]")
  arguments[#arguments + 1] = failure
  if call(unpack(arguments)) == xg.XG_OK then return end
  local message = ffi.string(xg.xg_error_message(failure[0]))
  xg.xg_error_free(failure[0])
  error(message, 0)
end

-- What such a function makes, freed with the last reference to it.
local function make(type, free, call, ...)
  local made = ffi.new(type .. " *[1]")
  local arguments = { ... }
  arguments[#arguments + 1] = made
  try(call, unpack(arguments))
  return ffi.gc(made[0], free)
end

-- Submits a binding and returns whether it was queued. Tokens and accounts come from
-- phones: what is none is refused, and the game goes on.
local function bind(outbox, phone, player, tag)
  local taken, why = pcall(try, xg.xg_outbox_bind_n, outbox, phone, #phone, player, #player, no_account_type, tag)
  if not taken then io.stderr:write(phone, ": ", why, "\n") end
  return taken
end

-- What fails in the background, such as a wrong key: a foreign thread must not
-- call into LuaJIT, so this is polled.
local function trouble(outbox)
  return ffi.string(xg.xg_stats_trouble(make("xg_stats", xg.xg_stats_free, xg.xg_outbox_stats, outbox)))
end

local function main()
  try(xg.xg_abi_check, abi)
  local config = ffi.gc(xg.xg_config_new(), xg.xg_config_free)
  try(xg.xg_config_set_from_env, config)
  local outbox = make("xg_outbox", xg.xg_outbox_free, xg.xg_outbox_open, config)
  local reports = make("xg_reports", xg.xg_reports_free, xg.xg_reports_new, 64)

  local players = { "alice", "bob", "小明" } -- the tag of an operation is its player's number
  local open = 0
  for tag, player in ipairs(players) do
    if bind(outbox, "token-of-phone-" .. tag, player, tag) then open = open + 1 end
  end
  bind(outbox, ("x"):rep(65), "mallory", 4) -- no token of TPNS

  local failed, last = 0, ""
  local function read_reports(timeout)
    local count = tonumber(xg.xg_outbox_poll(outbox, reports, timeout)) -- a game's tick asks with 0
    for n = 0, count - 1 do
      local tag = tonumber(xg.xg_reports_tag(reports, n))
      local state = tonumber(xg.xg_reports_state(reports, n))
      if state ~= tonumber(xg.XG_STATE_ACCEPTED) then failed = failed + 1 end
      print(tag, players[tag], states[state],
        ffi.string(xg.xg_reports_reason(reports, n)), tonumber(xg.xg_reports_code(reports, n)),
        ffi.string(xg.xg_reports_message(reports, n)))
    end
    open = open - count
    return count
  end
  for _ = 1, 300 do -- at most 30 s
    if open == 0 then break end
    read_reports(100)
    local now = trouble(outbox)
    if now ~= last then io.stderr:write(now == "" and "it works again" or now, "\n") end
    last = now
  end
  local left = tonumber(xg.xg_outbox_close(outbox, 5000))
  while read_reports(0) > 0 do end
  print(left .. " left")
  return failed + left == 0
end

local ok, delivered = pcall(main)
if not ok then io.stderr:write(tostring(delivered), "\n") end
if not (ok and delivered) then os.exit(1, true) end
