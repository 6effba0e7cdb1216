local n = N or tonumber(arg[1])
local function append(n)
  local s = ""
  for i = 1, n do s = s .. "piece" end
  return #s
end
print(string.format("%d", append(n)))
