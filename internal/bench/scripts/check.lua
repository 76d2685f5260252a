-- wrk with the checks that wrk can make: it has no JSON, so that texts are matched. With CHECK=0 it looks at
-- nothing.
local reqs = {}
init = function()
  local form = {["Content-Type"] = "application/x-www-form-urlencoded"}
  local bearer = {["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")}
  reqs[0] = wrk.format("POST", "/token", form, os.getenv("BENCH_FORM"))
  reqs[1] = wrk.format("GET", "/read", bearer)
  reqs[2] = wrk.format("GET", "/write", bearer)
  reqs[3] = wrk.format("GET", "/read", bearer)
end
local i = -1
request = function()
  i = i + 1
  return reqs[i % 4]
end
ok, bad = 0, 0
if os.getenv("BENCH_CHECK") == "1" then
  response = function(status, headers, body)
    local good = false
    if status == 403 then
      local challenge = headers["WWW-Authenticate"] or headers["Www-Authenticate"]
      good = challenge ~= nil and challenge:find('error="insufficient_scope"', 1, true) ~= nil
        and body:match('"error":"([^"]*)"') == "insufficient_scope"
    elseif status == 200 and body:find('"access_token"', 1, true) then
      good = body:match('"scope":"([^"]*)"') == "read:appointments" and body:match('"token_type":"([^"]*)"') == "Bearer"
    elseif status == 200 then
      good = body:find('"appointments"', 1, true) ~= nil
    end
    if good then ok = ok + 1 else bad = bad + 1 end
  end
end
local threads = {}
function setup(thread) table.insert(threads, thread) end
done = function()
  local good, wrong = 0, 0
  for _, t in ipairs(threads) do
    good = good + (t:get("ok") or 0)
    wrong = wrong + (t:get("bad") or 0)
  end
  io.write(string.format("checked ok=%d bad=%d\n", good, wrong))
end
