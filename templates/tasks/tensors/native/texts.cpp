// A request is one text and the end; the answer is its vector, of length 1, and a text on port `summary` that says both in
// words. A second text of a request replaces the first one.
#include "tasks/tensors/texts.hpp"

#include <algorithm>
#include <optional>

#include "core/embed/embedder.hpp"
#include "core/failure.hpp"
#include "core/tensors/text.hpp"

namespace hh::tasks::tensors {
namespace {

class Texts : public TaskLogic {
public:
    explicit Texts(const Manifest &manifest) {
        for (const Port &port : manifest.ports)
            if (!port.input) (port.kind == HH_KIND_TENSOR ? vector_port_ : summary_port_) = port.name;
    }

    void load(const Runtime &runtime, const ModelRequest &request) override {
        if (runtime.embed == nullptr)
            throw Failure(HH_UNSUPPORTED, std::string("The runtime ") + runtime.name + " has no shape \"embed\".");
        embedder_.reset();
        embedder_ = std::make_unique<Embedder>(runtime.embed(request));
    }

    void admit(const Value &value) const override { Embedder::admit(value.data); }

    void accept(Value value) override {
        if (value.view.kind == HH_KIND_END) complete_ = true;
        else text_ = std::move(value.data);
    }

    Step next(const Settings &, CancelToken cancel, Value &out) override {
        if (!complete_) return Step::need_input;
        if (!ran_) run(cancel);
        if (answer_.empty()) {
            abandon();
            return Step::finished;
        }
        out = std::move(answer_.back());
        answer_.pop_back();
        return Step::value;
    }

    void abandon() override {
        text_.reset();
        answer_.clear();
        complete_ = ran_ = false;
    }

    void reset() override { abandon(); }

    void describe(Json &info) const override { info["loaded"] = embedder_->describe(vector_port_); }

    void report(Json &report) const override {
        if (embedder_) embedder_->report(report);
    }

private:
    void run(CancelToken cancel) {
        if (!text_) throw Failure(HH_INVALID_ARGUMENT, "The request ended without a text.");
        Tensor vector = embedder_->run(*text_, cancel);
        const std::string summary = "in text, " + std::to_string(text_->size()) + " bytes\nout " + vector_port_ + " " +
                                    tensor_text(vector) + "\n";
        answer_.push_back(Value::text(summary_port_, summary));
        answer_.push_back(Value::tensor(vector_port_, std::move(vector)));  // given from the back
        ran_ = true;
    }

    std::string vector_port_, summary_port_;
    std::unique_ptr<Embedder> embedder_;
    std::optional<std::string> text_;
    std::vector<Value> answer_;
    bool complete_ = false, ran_ = false;
};

}  // namespace

std::unique_ptr<TaskLogic> make_texts(const Manifest &manifest) { return std::make_unique<Texts>(manifest); }

}  // namespace hh::tasks::tensors
