// A model's chat template, rendered by llama.cpp's Jinja engine.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/shapes.hpp"

namespace hh::runtimes::llama_cpp {

/** A stretch of a rendered prompt. Text that a person wrote must not turn into control tokens. */
struct PromptPart {
    std::string text;
    bool from_person = false;
};

class ChatTemplate {
public:
    /** Parses the template. Throws Failure(HH_TEMPLATE_FAILED). `bos` and `eos` are the model's own token texts. */
    ChatTemplate(const std::string &source, std::string bos, std::string eos);
    ~ChatTemplate();

    /** Renders a conversation. Throws Failure(HH_TEMPLATE_FAILED), also when the template itself raises. */
    [[nodiscard]] std::vector<PromptPart> render(std::span<const ChatMessage> messages, bool add_generation_prompt) const;

private:
    struct Parsed;
    std::unique_ptr<Parsed> parsed_;
    std::string bos_, eos_;
};

}  // namespace hh::runtimes::llama_cpp
