local n = N or tonumber(arg[1])
local function host(n)
  local nop = nop or math.tointeger -- in the stock interpreter: its cheapest C function
  local s = 0
  for i = 0, n - 1 do s = s + nop(i) end
  return s
end
print(string.format("%d", host(n)))
