-- The service for skynet over an outbox that is full at every other submission: what is
-- submitted keeps the order of the messages. Run in LUA_PATH with examples/skynet.
local order, reports, asked = {}, {}, 0
local outbox = {}
local function submit(_, tag, token)
  if #token > 64 then return nil, "no token" end
  asked = asked + 1
  if asked % 2 == 1 then return false end
  order[#order + 1] = tag
  reports[#reports + 1] = { tag = tag, state = "accepted", reason = "accepted", code = 0, message = "" }
  return true
end
outbox.bind, outbox.clear_token = submit, submit
function outbox.poll()
  local taken = reports
  reports = {}
  return taken
end
function outbox.wait() end
function outbox.close() return 0, {} end
package.preload.lxgpush = function()
  return { open = function() return outbox end }
end
arg = { [0] = "stand_in.lua", "3" }
dofile(package.searchpath("stand_in", package.path))
for n = 2, #order do
  if order[n] < order[n - 1] then
    io.stderr:write("the order is ", table.concat(order, " "), "\n")
    os.exit(1)
  end
end
os.exit(#order == 21)
