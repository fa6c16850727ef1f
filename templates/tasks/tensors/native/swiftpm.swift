parts.append(Part(sources: ["tasks/tensors/tensors.cpp", "tasks/tensors/texts.cpp"]))
