-- Binds three phones to players through the outbox and prints what became of
-- each. Options come from the environment: XGPUSH_ACCESS_ID, XGPUSH_SECRET_KEY,
-- XGPUSH_ACCESS_POINT …
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

local function main()
  try(xg.xg_abi_check, abi)
  local config = ffi.gc(xg.xg_config_new(), xg.xg_config_free)
  try(xg.xg_config_set_from_env, config)
  local outbox = make("xg_outbox", xg.xg_outbox_free, xg.xg_outbox_open, config)
  local reports = make("xg_reports", xg.xg_reports_free, xg.xg_reports_new, 64)

  local players = { "alice", "bob", "小明" } -- the tag of an operation is its player's number
  for tag, player in ipairs(players) do
    local phone = "token-of-phone-" .. tag
    try(xg.xg_outbox_bind_n, outbox, phone, #phone, player, #player, no_account_type, tag)
  end

  local seen = 0
  while seen < #players do
    local count = tonumber(xg.xg_outbox_poll(outbox, reports, 30000)) -- a game's tick asks with 0
    if count == 0 then error("no report came for 30 s", 0) end
    for n = 0, count - 1 do
      local tag = tonumber(xg.xg_reports_tag(reports, n))
      print(tag, players[tag], states[tonumber(xg.xg_reports_state(reports, n))],
        ffi.string(xg.xg_reports_reason(reports, n)), tonumber(xg.xg_reports_code(reports, n)),
        ffi.string(xg.xg_reports_message(reports, n)))
    end
    seen = seen + count
  end
  print(tonumber(xg.xg_outbox_close(outbox, 5000)) .. " left")
end

local ok, message = pcall(main)
if not ok then
  io.stderr:write(tostring(message), "\n")
  os.exit(1, true)
end
