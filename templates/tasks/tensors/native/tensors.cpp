// Task `tensors`: a model's own arrays in and out, over a model of shape `tensors`.
//
// A request is any number of tensors, each named as the model names its input, then the end; the outputs follow, named as
// the model names them. A text on port `example` fills the inputs that were not given with example data and repeats the
// run to time it; then a text on port `summary`, a line for each input and output, closes the answer. For a model of shape
// `embed` see texts.cpp.
#include <optional>

#include "core/failure.hpp"
#include "core/request_task.hpp"
#include "core/tensors/runner.hpp"
#include "core/tensors/text.hpp"
#include "tasks/tensors/texts.hpp"

namespace hh::tasks::tensors {
namespace {

class Tensors : public RequestTask {
public:
    explicit Tensors(const Manifest &manifest) {
        for (const Port &port : manifest.ports)
            if (!port.input && port.kind == HH_KIND_TEXT) summary_port_ = port.name;
    }

    void load(const Runtime &runtime, const ModelRequest &request) override {
        if (runtime.tensors == nullptr)
            throw Failure(HH_UNSUPPORTED, std::string("The runtime ") + runtime.name + " has no shape \"tensors\".");
        runner_.reset();
        runner_ = std::make_unique<TensorRunner>(runtime.tensors(request), request.options.texts("state"));
    }

    void admit(const Value &value) const override {
        if (value.view.kind == HH_KIND_TEXT) (void)Example::parse(value.data);
        else runner_->admit(value);
    }

    void abandon() override {
        if (runner_) runner_->abandon();
        RequestTask::abandon();
    }

    void reset() override {
        if (runner_) runner_->clear();
        RequestTask::abandon();
    }

    void describe(Json &info) const override { info["loaded"] = runner_->describe(); }

    void report(Json &report) const override {
        if (runner_) runner_->report(report);
    }

    std::vector<Value> trace() const override { return runner_->inputs(); }

protected:
    void take(Value value) override {
        if (value.view.kind == HH_KIND_TEXT) example_ = Example::parse(value.data);
        else runner_->give(std::move(value));
    }

    std::vector<Value> compute(const Settings &settings, CancelToken cancel) override {
        if (example_) runner_->give_examples(*example_);
        runner_->run(example_ ? static_cast<std::size_t>(settings.integer("repeats")) : 1, cancel);
        std::vector<Value> answer = runner_->outputs();
        if (example_) answer.push_back(Value::text(summary_port_, summary(answer)));
        return answer;
    }

    void forget() override { example_.reset(); }

private:
    // Looks at every element, so it is made only for who asks.
    std::string summary(const std::vector<Value> &outputs) const {
        std::string text;
        for (const Value &input : runner_->inputs()) text += "in " + input.name + " " + tensor_text(input.lent) + "\n";
        for (const Value &output : outputs) text += "out " + output.name + " " + tensor_text(output.lent) + "\n";
        return text;
    }

    std::string summary_port_;
    std::unique_ptr<TensorRunner> runner_;
    std::optional<Example> example_;
};

}  // namespace

extern const TaskType type;
const TaskType type = {"tensors", [](const Manifest &manifest) -> std::unique_ptr<TaskLogic> {
                           if (manifest.shape == "embed") return make_texts(manifest);
                           return std::make_unique<Tensors>(manifest);
                       }};

}  // namespace hh::tasks::tensors
