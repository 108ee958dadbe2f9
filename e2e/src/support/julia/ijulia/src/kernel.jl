# Runs the code that comes from the bridge, a line of hexadecimal digits a cell, and gives back what it results in.
environment = Dict(name => value for (name, value) in ENV if name != "LD_LIBRARY_PATH")
program = joinpath(@__DIR__, "bridge.py")
bridge = open(setenv(`python $program $(ARGS[1])`, environment), "r+")
while !eof(bridge)
    code = String(hex2bytes(readline(bridge)))
    value = try
        include_string(Main, code)
    catch problem
        problem
    end
    println(bridge, bytes2hex(codeunits(sprint(show, "text/plain", value))))
end
