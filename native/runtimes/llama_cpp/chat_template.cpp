#include "runtimes/llama_cpp/chat_template.hpp"

#include <json.h>

#include <jinja/caps.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <jinja/value.h>

#include "core/failure.hpp"

namespace hh::runtimes::llama_cpp {
namespace {

constexpr std::size_t kLargestTemplate = std::size_t{256} << 10;
constexpr int kDeepestNesting = 100;

// The parser calls itself for every bracket and block: a hostile model file must not be able to exhaust the stack.
void refuse_deep_nesting(const std::string &source) {
    int depth = 0;
    for (std::size_t i = 0; i < source.size(); ++i) {
        const char c = source[i];
        if (c == '(' || c == '[' || c == '{') ++depth;
        else if ((c == ')' || c == ']' || c == '}') && depth > 0) --depth;
        if (depth > kDeepestNesting) throw Failure(HH_TEMPLATE_FAILED, "The chat template is nested too deeply.");
    }
    std::size_t blocks = 0;
    for (std::size_t at = source.find("{%"); at != std::string::npos; at = source.find("{%", at + 2)) ++blocks;
    if (blocks > 5000) throw Failure(HH_TEMPLATE_FAILED, "The chat template has too many blocks.");
}

jinja::value text(const std::string &value, bool from_person) {
    return jinja::mk_val<jinja::value_string>(jinja::string(value, from_person));
}

jinja::value content(const std::string &value, bool as_parts) {
    if (!as_parts) return text(value, true);
    auto part = jinja::mk_val<jinja::value_object>();
    part->insert("type", text("text", false));
    part->insert("text", text(value, true));
    auto list = jinja::mk_val<jinja::value_array>();
    list->push_back(jinja::value(part));
    return list;
}

}  // namespace

struct ChatTemplate::Parsed {
    std::string source;
    jinja::program program;
    bool content_as_parts = false;
};

ChatTemplate::ChatTemplate(const std::string &source, std::string bos, std::string eos)
    : bos_(std::move(bos)), eos_(std::move(eos)) {
    if (source.size() > kLargestTemplate) throw Failure(HH_TEMPLATE_FAILED, "The chat template is too large.");
    refuse_deep_nesting(source);
    try {
        jinja::lexer lexer;
        const jinja::lexer_result tokens = lexer.tokenize(source);
        parsed_ = std::make_unique<Parsed>(Parsed{tokens.source, jinja::parse_from_tokens(tokens), false});
        const jinja::caps caps = jinja::caps_get(parsed_->program);
        parsed_->content_as_parts = caps.supports_typed_content && !caps.supports_string_content;
    } catch (const Failure &) {
        throw;
    } catch (const std::exception &error) {
        throw Failure(HH_TEMPLATE_FAILED, std::string("The chat template cannot be read: ") + error.what());
    }
}

ChatTemplate::~ChatTemplate() = default;

std::vector<PromptPart> ChatTemplate::render(std::span<const ChatMessage> messages, bool add_generation_prompt) const {
    try {
        auto list = jinja::mk_val<jinja::value_array>();
        for (const ChatMessage &message : messages) {
            auto entry = jinja::mk_val<jinja::value_object>();
            entry->insert("role", text(message.role, false));
            entry->insert("content", content(message.content, parsed_->content_as_parts));
            list->push_back(jinja::value(entry));
        }
        jinja::context context(parsed_->source);
        jinja::global_from_json(context, common_json::object(), false);  // brings the engine's own functions in
        context.set_val("messages", list);
        context.set_val("bos_token", text(bos_, false));
        context.set_val("eos_token", text(eos_, false));
        context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(add_generation_prompt));
        jinja::runtime runtime(context);
        const auto rendered = jinja::runtime::gather_string_parts(runtime.execute(parsed_->program));
        std::vector<PromptPart> parts;
        for (const jinja::string_part &part : rendered->val_str.parts) parts.push_back({part.val, part.is_input});
        return parts;
    } catch (const std::exception &error) {
        throw Failure(HH_TEMPLATE_FAILED, std::string("The chat template refuses the conversation: ") + error.what());
    }
}

}  // namespace hh::runtimes::llama_cpp
