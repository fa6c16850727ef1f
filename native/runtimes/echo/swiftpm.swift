parts.append(Part(sources: ["runtimes/echo/backend.cpp", "runtimes/echo/tensors.cpp"]))
