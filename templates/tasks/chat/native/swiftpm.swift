parts.append(Part(sources: ["tasks/chat/chat.cpp"]))
