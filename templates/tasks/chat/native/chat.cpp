// Task `chat`: a conversation of several turns over a model of shape `generate`.
//
// A request is any number of texts on the ports system, user and assistant, then the end. If the last one is the
// user's, the answer follows on port `answer`; if not, the texts only restore a conversation.
#include "core/failure.hpp"
#include "core/generate/generator.hpp"
#include "core/runtime.hpp"

namespace hh::tasks::chat {
namespace {

class Chat : public TaskLogic {
public:
    explicit Chat(const Manifest &manifest)
        : answer_port_(manifest.output().name), slide_(manifest.options.text("overflow") == "slide"),
          trace_(on(manifest.options, "trace")),
          prompt_logprobs_(trace_ && on(manifest.options, "prompt_logprobs")) {}

    void load(const Runtime &runtime, const ModelRequest &request) override {
        if (runtime.generate == nullptr)
            throw Failure(HH_UNSUPPORTED, std::string("The runtime ") + runtime.name + " has no shape \"generate\".");
        generator_.reset();
        model_ = runtime.generate(request);
        generator_ = std::make_unique<Generator>(*model_);
    }

    void accept(Value value) override {
        if (phase_ == Phase::idle) begin_request();
        if (value.view.kind == HH_KIND_END) {
            phase_ = !turns_.empty() && turns_.back().role == "user" ? Phase::prompt : Phase::done;
        } else if (value.name == "system") {
            system_ = value.data;
        } else {
            turns_.push_back({value.name == "user" ? "user" : "assistant", std::move(value.data)});
        }
    }

    Step next(const Settings &settings, CancelToken cancel, Value &out) override {
        if (phase_ == Phase::idle || phase_ == Phase::input) return Step::need_input;
        if (phase_ == Phase::prompt) start_answer(settings);
        std::string piece;
        if (phase_ == Phase::answer && generator_->next(cancel, piece)) {
            answer_ += piece;
            out = Value::text(answer_port_, piece);
            return Step::value;
        }
        if (phase_ == Phase::answer) turns_.push_back({"assistant", answer_});
        phase_ = Phase::idle;
        return Step::finished;
    }

    void abandon() override {
        if (phase_ == Phase::idle) return;
        generator_->end("cancelled");
        if (answer_.empty()) {  // nothing came of the request: as if it had never been
            turns_ = turns_before_;
            system_ = system_before_;
        } else {
            turns_.push_back({"assistant", answer_});
        }
        phase_ = Phase::idle;
    }

    void reset() override {
        if (generator_) generator_->clear();
        turns_.clear();
        turns_before_.clear();
        system_.clear();
        system_before_.clear();
        answer_.clear();
        phase_ = Phase::idle;
    }

    void describe(Json &info) const override { info["loaded"] = model_->describe(); }

    void report(Json &report) const override {
        if (generator_) generator_->report(report);
    }

    std::vector<Value> trace() const override {
        std::vector<Value> values;
        values.push_back(Value::tokens("prompt_tokens", prompt_));
        if (prompt_logprobs_) values.push_back(Value::numbers("prompt_logprobs", generator_->prompt_logprobs()));
        values.push_back(Value::tokens("generated_tokens", generator_->generated()));
        values.push_back(Value::numbers("generated_logprobs", generator_->logprobs()));
        values.push_back(Value::text("answer", answer_));
        return values;
    }

private:
    enum class Phase { idle, input, prompt, answer, done };

    // A manifest need not have what only tests and measurements ask for.
    static bool on(const Settings &options, const char *name) {
        return options.values().contains(name) && options.boolean(name);
    }

    void begin_request() {
        turns_before_ = turns_;
        system_before_ = system_;
        answer_.clear();
        phase_ = Phase::input;
    }

    std::vector<ChatMessage> messages() const {
        std::vector<ChatMessage> all;
        if (!system_.empty()) all.push_back({"system", system_});
        all.insert(all.end(), turns_.begin(), turns_.end());
        return all;
    }

    void start_answer(const Settings &settings) {
        prompt_ = fitting_prompt();
        const std::vector<ChatMessage> all = messages();
        const auto first = std::span(all).first(system_.empty() ? 0 : 1);
        generator_->start(prompt_, {.sampling = Sampling::from(settings),
                                    .max_tokens = static_cast<std::size_t>(settings.integer("max_tokens")),
                                    .stop = settings.texts("stop"),
                                    .slide = slide_,
                                    .keep = slide_ && !first.empty() ? model_->render_chat(first, false).size() : 0,
                                    .logprobs = trace_,
                                    .prompt_logprobs = prompt_logprobs_});
        phase_ = Phase::answer;
    }

    // Forgets the oldest turns if that is asked for, until prompt and at least one token of the answer fit.
    std::vector<Token> fitting_prompt() {
        for (;;) {
            refuse_hopeless();
            std::vector<Token> prompt = model_->render_chat(messages(), true);
            if (prompt.empty()) throw Failure(HH_TEMPLATE_FAILED, "The chat template gave an empty prompt.");
            if (prompt.size() < model_->context_size()) return prompt;
            if (!slide_ || turns_.size() <= 1) too_long(std::to_string(prompt.size()) + " tokens");
            const auto next_user = std::find_if(turns_.begin() + 1, turns_.end(),
                                                [](const ChatMessage &turn) { return turn.role == "user"; });
            turns_.erase(turns_.begin(), next_user);
        }
    }

    // A text of megabytes would take the tokenizer seconds, only to be refused: refuse it by its length.
    void refuse_hopeless() const {
        std::size_t bytes = system_.size();
        if (!slide_)
            for (const ChatMessage &turn : turns_) bytes += turn.content.size();
        else bytes += turns_.back().content.size();
        if (bytes > model_->context_size() * model_->longest_token()) too_long(std::to_string(bytes) + " bytes");
    }

    [[noreturn]] void too_long(const std::string &what) const {
        throw Failure(HH_CONTEXT_FULL, "The conversation has " + what + "; the model's context holds " +
                                           std::to_string(model_->context_size()) +
                                           " tokens, and the answer needs room too. Shorten it, start a new one, or "
                                           "give the option \"context\" a larger number.");
    }

    const std::string answer_port_;
    const bool slide_, trace_, prompt_logprobs_;
    std::unique_ptr<GenerateModel> model_;
    std::unique_ptr<Generator> generator_;

    std::string system_, system_before_;
    std::vector<ChatMessage> turns_, turns_before_;
    std::vector<Token> prompt_;
    std::string answer_;
    Phase phase_ = Phase::idle;
};

}  // namespace

extern const TaskType type;
const TaskType type = {"chat", [](const Manifest &manifest) -> std::unique_ptr<TaskLogic> {
                           return std::make_unique<Chat>(manifest);
                       }};

}  // namespace hh::tasks::chat
