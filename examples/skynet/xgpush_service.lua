-- A service of skynet that owns the outbox of its process. Others send it messages:
--
--   local push = skynet.uniqueservice "xgpush_service"
--   skynet.send(push, "lua", "bind", token, account)
--   local report = skynet.call(push, "lua", "bind_and_wait", token, account)
--   local left = skynet.call(push, "lua", "close")
--
-- Submitting does not wait for the network, so no other service of the worker thread
-- waits either. Reports are polled ten times a second: skynet's sockets would read the
-- outbox's descriptor, which is not to be read.
local skynet = require "skynet"
local xgpush = require "lxgpush"

local outbox
local waiting = {} -- by tag: who waits for the report
local last_tag = 0 -- of this run only: reports of an earlier one are marked
local closing = false

local function next_tag()
  last_tag = last_tag + 1
  return last_tag
end

local function settle(report)
  local waiter = not report.recovered and waiting[report.tag]
  if waiter then
    waiting[report.tag] = nil
    waiter.report = report
    skynet.wakeup(waiter) -- nothing, if it does not wait yet
  elseif report.state ~= "accepted" then
    skynet.error(("push %d: %s %s"):format(report.tag, report.reason, report.message))
  end
end

-- Messages that found the outbox full. Each has a coroutine of its own, so they queue in
-- one line: a login must not be overtaken by the logout that came after it.
local line, head, tail = {}, 1, 0

-- The waiter is registered before its report can arrive.
local function submit(waiter, method, ...)
  if closing then return nil, "the outbox is closed" end
  local turn = { method = method, tag = next_tag(), arguments = table.pack(...) }
  waiting[turn.tag] = waiter
  if head > tail then turn.taken, turn.why = outbox[method](outbox, turn.tag, ...) end
  if not turn.taken and not turn.why then
    tail = tail + 1
    line[tail] = turn
    skynet.wait(turn)
  end
  if turn.taken then return turn.tag end
  waiting[turn.tag] = nil
  return nil, turn.why
end

-- Submits queued messages in their order, until the outbox is full again.
local function let_in()
  while head <= tail do
    local turn = line[head]
    if closing then
      turn.why = "the outbox is closed"
    else
      turn.taken, turn.why = outbox[turn.method](outbox, turn.tag, table.unpack(turn.arguments, 1, turn.arguments.n))
      if not turn.taken and not turn.why then return end
    end
    line[head] = nil
    head = head + 1
    skynet.wakeup(turn)
  end
end

local function read_reports()
  while not closing do
    local reports = outbox:poll()
    for _, report in ipairs(reports) do settle(report) end
    let_in()
    if #reports == 0 then skynet.sleep(10) end
  end
end

local command = {}

function command.bind(token, account) return submit(nil, "bind", token, account) end
function command.unbind(token, account) return submit(nil, "unbind", token, account) end
function command.clear_token(token) return submit(nil, "clear_token", token) end

function command.bind_and_wait(token, account)
  local waiter = {}
  local tag, why = submit(waiter, "bind", token, account)
  if not tag then return { state = "not_sent", reason = "invalid", code = -1, message = why } end
  if not waiter.report then skynet.wait(waiter) end
  return waiter.report
end

function command.close()
  closing = true
  let_in()
  local left, reports = outbox:close(2000) -- stops this worker thread for 3 s at most
  for _, report in ipairs(reports) do settle(report) end
  for tag in pairs(waiting) do -- of what is left in a file
    settle { tag = tag, state = "unknown", reason = "closed", code = -1, message = "closed before it was settled" }
  end
  return left
end

skynet.start(function()
  outbox = xgpush.open {}
  skynet.fork(read_reports)
  skynet.dispatch("lua", function(_, _, name, ...)
    skynet.ret(skynet.pack(command[name](...)))
  end)
end)
