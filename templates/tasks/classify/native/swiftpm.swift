parts.append(
    Part(sources: ["classify", "picture_text", "scores"].map { "tasks/classify/\($0).cpp" })
)
