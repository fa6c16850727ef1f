parts.append(Part(sources: ["runtimes/echo/backend.cpp"]))
