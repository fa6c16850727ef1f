parts.append(Part(sources: ["tasks/tensors/tensors.cpp"]))
