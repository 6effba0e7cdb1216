-- The program of bench/compile.rs, and how long Lua takes to compile it: CPU time in microseconds.
local count = tonumber(arg[1]) // 10
local parts = {}
for i = 0, count - 1 do
    parts[#parts + 1] = string.format([[
function rate_%d(amount, days, name)
    local total = amount
    for day = 0, days - 1 do
        if total > 1000.0 then total = total * 0.99 else total = total + day end
    end
    if name:sub(1, 3) == "vip" then
        total = total / 2.0
    end
    return total
end
]], i)
end
parts[#parts + 1] = "function first(n) return n + 1 end\nlocal sum = 0.0\n"
for i = 0, count - 1 do
    parts[#parts + 1] = string.format("sum = sum + rate_%d(10.0, 3, \"vip\")\n", i)
end
parts[#parts + 1] = "print(sum)\n"
local source = table.concat(parts)

local times = {}
local rounds = math.max(1, 100000 // tonumber(arg[1]))
for batch = 1, 15 do
    local start = os.clock()
    for _ = 1, rounds do assert(load(source)) end
    times[batch] = (os.clock() - start) / rounds
end
table.sort(times)
print(times[8] * 1e6)
