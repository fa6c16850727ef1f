#include "runtimes/llama_cpp/chat_template.hpp"

#include <json.h>

#include <vector>

#include <jinja/caps.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <jinja/value.h>

#include "core/failure.hpp"
#include "runtimes/llama_cpp/template_budget.hpp"

namespace hh::runtimes::llama_cpp {
namespace {

constexpr std::size_t kLargestTemplate = std::size_t{256} << 10;
// A template is a program by a stranger. The engine's parser calls itself for what is nested, so nesting is bounded
// before it; work, bytes and calls are bounded while it runs (template_budget.hpp). Templates of today need a tenth.
constexpr int kDeepestBrackets = 50, kMostOperators = 300, kMostTurns = 50, kDeepestBlocks = 100;
constexpr std::size_t kStepsToRead = 500'000;
constexpr std::size_t kStepsToRender = 300'000, kStepsForMessage = 5'000;

[[noreturn]] void refuse_nesting() { throw Failure(HH_TEMPLATE_FAILED, "The chat template is nested too deeply."); }

// One {{ expression }} or {% statement %}: brackets in brackets, chains of operators, and the signs that turn a rest
// into an operand ("not", "-", "else").
class TagCheck {
public:
    void take(const jinja::token &token) {
        using Token = jinja::token;
        switch (token.t) {
            case Token::open_statement:
            case Token::open_expression: *this = TagCheck(); break;
            case Token::open_paren:
            case Token::open_square_bracket:
            case Token::open_curly_bracket: ++brackets_; break;
            case Token::close_paren:
            case Token::close_square_bracket:
            case Token::close_curly_bracket: --brackets_; break;
            case Token::unary_operator: ++turns_; break;
            case Token::dot:
            case Token::pipe:
            case Token::additive_binary_operator:
            case Token::multiplicative_binary_operator:
            case Token::comparison_binary_operator: ++operators_; break;
            case Token::identifier:
                ++(token.value == "not" || token.value == "else" ? turns_ : operators_);
                break;
            default: break;
        }
        if (brackets_ > kDeepestBrackets || operators_ > kMostOperators || turns_ > kMostTurns) refuse_nesting();
    }

private:
    int brackets_ = 0, operators_ = 0, turns_ = 0;
};

// Blocks in blocks; each "elif" is one more, for the parser as well.
class BlockCheck {
public:
    void take(const std::string &name) {
        for (const char *known : {"if", "for", "macro", "call", "filter", "set"}) {
            if (name == known) open_.push_back(1);
            if (name == std::string("end") + known && !open_.empty()) close();
        }
        if (name == "elif" && !open_.empty()) ++open_.back();
        else if (name != "elif" && !name.starts_with("end") && open_.empty()) return;
        int depth = 0;
        for (const int blocks : open_) depth += blocks;
        if (depth > kDeepestBlocks) refuse_nesting();
    }
    /** A {% set %} that was not the beginning of a block. */
    void close() { open_.pop_back(); }

private:
    std::vector<int> open_;
};

void check_nesting(const std::vector<jinja::token> &tokens) {
    TagCheck tag;
    BlockCheck blocks;
    bool may_be_block = false;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        tag.take(tokens[i]);
        if (tokens[i].t == jinja::token::open_statement && i + 1 < tokens.size()) {
            blocks.take(tokens[i + 1].value);
            may_be_block = tokens[i + 1].value == "set";
        } else if (may_be_block && (tokens[i].t == jinja::token::equals)) {
            blocks.close();
            may_be_block = false;
        }
    }
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
    try {
        jinja::lexer lexer;
        const jinja::lexer_result tokens = lexer.tokenize(source);
        check_nesting(tokens.tokens);
        parsed_ = std::make_unique<Parsed>(Parsed{tokens.source, jinja::parse_from_tokens(tokens), false});
        count_steps(parsed_->program);
        const TemplateBudget budget(kStepsToRead);
        const jinja::caps caps = jinja::caps_get(parsed_->program);
        parsed_->content_as_parts = caps.supports_typed_content && !caps.supports_string_content;
    } catch (const Failure &) {
        throw;
    } catch (const OutOfBudget &stopped) {
        throw Failure(HH_TEMPLATE_FAILED, "The chat template was stopped: " + stopped.why + ".");
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
        const TemplateBudget budget(kStepsToRender + messages.size() * kStepsForMessage);
        jinja::runtime runtime(context);
        const auto rendered = jinja::runtime::gather_string_parts(runtime.execute(parsed_->program));
        std::vector<PromptPart> parts;
        for (const jinja::string_part &part : rendered->val_str.parts) parts.push_back({part.val, part.is_input});
        return parts;
    } catch (const OutOfBudget &stopped) {
        throw Failure(HH_TEMPLATE_FAILED, "The chat template was stopped: " + stopped.why + ".");
    } catch (const std::exception &error) {
        throw Failure(HH_TEMPLATE_FAILED, std::string("The chat template refuses the conversation: ") + error.what());
    }
}

}  // namespace hh::runtimes::llama_cpp
