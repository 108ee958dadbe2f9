"""Stands in for the real IJulia in tests: registers a kernel in the same way."""
module IJulia
export installkernel

function installkernel(name, options...)
    folder = joinpath(ENV["JUPYTER_DATA_DIR"], "kernels", "julia-$(VERSION.major).$(VERSION.minor)")
    program = [Sys.which("julia"), "--startup-file=yes", options..., joinpath(@__DIR__, "kernel.jl"), "{connection_file}"]
    words = join(map(repr, program), ", ")
    mkpath(folder)
    write(joinpath(folder, "kernel.json"), """{"argv": [$words], "display_name": "$name $VERSION", "language": "julia"}""")
    return folder
end
end
