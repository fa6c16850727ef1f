// A request is one text and the end; the answer is its vector, of length 1, and a text on port `summary` that says both in
// words. A second text of a request replaces the first one.
#include "tasks/tensors/texts.hpp"

#include <optional>

#include "core/embed/embedder.hpp"
#include "core/failure.hpp"
#include "core/request_task.hpp"
#include "core/tensors/text.hpp"

namespace hh::tasks::tensors {
namespace {

class Texts : public RequestTask {
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

    void describe(Json &info) const override { info["loaded"] = embedder_->describe(vector_port_); }

    void report(Json &report) const override {
        if (embedder_) embedder_->report(report);
    }

protected:
    void take(Value value) override { text_ = std::move(value.data); }

    std::vector<Value> compute(const Settings &, CancelToken cancel) override {
        if (!text_) throw Failure(HH_INVALID_ARGUMENT, "The request ended without a text.");
        Tensor vector = embedder_->run(*text_, cancel);
        const std::string summary = "in text, " + std::to_string(text_->size()) + " bytes\nout " + vector_port_ + " " +
                                    tensor_text(vector) + "\n";
        std::vector<Value> answer;
        answer.push_back(Value::tensor(vector_port_, std::move(vector)));
        answer.push_back(Value::text(summary_port_, summary));
        return answer;
    }

    void forget() override { text_.reset(); }

private:
    std::string vector_port_, summary_port_;
    std::unique_ptr<Embedder> embedder_;
    std::optional<std::string> text_;
};

}  // namespace

std::unique_ptr<TaskLogic> make_texts(const Manifest &manifest) { return std::make_unique<Texts>(manifest); }

}  // namespace hh::tasks::tensors
