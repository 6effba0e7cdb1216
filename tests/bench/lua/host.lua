local n = N or tonumber(arg[1])
local function host(n)
  local nop = nop or math.tointeger or math.abs -- the cheapest C function that there is
  local s = 0
  for i = 0, n - 1 do s = s + nop(i) end
  return s
end
print(string.format("%d", host(n)))
