parts.append(Part(sources: ["backend", "embed", "tensors"].map { "runtimes/echo/\($0).cpp" }))
