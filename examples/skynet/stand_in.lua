-- Runs xgpush_service.lua without skynet: a stand-in for the few functions of skynet that
-- it uses, with coroutines on one thread of plain Lua 5.4. It shows that the module and
-- the service work, not how skynet schedules. Binds three phones to players, prints the
-- outcome of each, and exits with 0 when all of it was accepted. Before that each phone
-- logs in and out TIMES (0) times.
--
--   lua5.4 stand_in.lua [TIMES]     with lxgpush.so in LUA_CPATH, this folder in LUA_PATH,
--                                   and XGPUSH_ACCESS_ID … in the environment
local times = tonumber(arg[1]) or 0
local ready = {} -- coroutines that go on now, in their order
local asleep = {} -- by what they wait for
local dispatch, outbox
local skynet = {}

function skynet.fork(task, ...)
  local arguments = table.pack(...)
  ready[#ready + 1] = coroutine.create(function() task(table.unpack(arguments, 1, arguments.n)) end)
end
function skynet.start(main) skynet.fork(main) end
function skynet.sleep() coroutine.yield("sleep") end
function skynet.wait(what)
  asleep[what] = coroutine.running()
  coroutine.yield("wait")
end
function skynet.wakeup(what)
  if not asleep[what] then return end
  ready[#ready + 1] = asleep[what]
  asleep[what] = nil
end
function skynet.error(line) io.stderr:write(line, "\n") end
function skynet.dispatch(_, to) dispatch = to end
function skynet.pack(...) return table.pack(...) end
local answer
function skynet.ret(packed) answer[coroutine.running()](packed) end

-- A message to the service, and its answer.
local function call(name, ...)
  local done = {}
  local arguments = table.pack(...)
  local handler = coroutine.create(function()
    dispatch(0, "caller", name, table.unpack(arguments, 1, arguments.n))
  end)
  answer[handler] = function(packed)
    done.packed = packed
    skynet.wakeup(done)
  end
  ready[#ready + 1] = handler
  skynet.wait(done)
  return table.unpack(done.packed, 1, done.packed.n)
end
answer = setmetatable({}, { __mode = "k" })

-- While every coroutine sleeps, the thread waits for reports.
local function run()
  while #ready > 0 do
    local round, idle = ready, true
    ready = {}
    for _, task in ipairs(round) do
      local ok, why = coroutine.resume(task)
      if not ok then error(why, 0) end
      if why == "sleep" then ready[#ready + 1] = task else idle = false end
    end
    if idle and #ready > 0 then outbox:wait(100) end
  end
end

package.preload.skynet = function() return skynet end
local lxgpush = require "lxgpush"
local open = lxgpush.open
lxgpush.open = function(options)
  outbox = open(options)
  return outbox
end

local ok, why = pcall(function()
  require "xgpush_service"
  local left
  local waiting, failed = 0, 0
  skynet.fork(function()
    local all = {}
    for tag, player in ipairs { "alice", "bob", "小明" } do
      waiting = waiting + 1
      for _ = 1, times do
        skynet.fork(call, "bind", "token-of-phone-" .. tag, player)
        skynet.fork(call, "clear_token", "token-of-phone-" .. tag)
      end
      skynet.fork(function()
        local report = call("bind_and_wait", "token-of-phone-" .. tag, player)
        print(tag, player, report.state, report.reason, report.code, report.message)
        if report.state ~= "accepted" then failed = failed + 1 end
        waiting = waiting - 1
        if waiting == 0 then skynet.wakeup(all) end
      end)
    end
    -- Tokens come from phones: one that is none is refused, and the server goes on.
    local _, refusal = call("bind", ("x"):rep(65), "mallory")
    skynet.error("mallory: " .. tostring(refusal))
    if waiting > 0 then skynet.wait(all) end
    left = call("close")
    print(left .. " left")
  end)
  run()
  if left ~= 0 or failed > 0 then error("not everything was accepted", 0) end
end)
if not ok then
  io.stderr:write(tostring(why), "\n")
  os.exit(1, true)
end
