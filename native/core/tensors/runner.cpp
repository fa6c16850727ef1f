#include "core/tensors/runner.hpp"

#include <algorithm>

#include "core/failure.hpp"
#include "core/tensors/text.hpp"

namespace hh {
namespace {

std::string in_quotes(const std::string &name) { return "\"" + name + "\""; }

std::string listed(const std::vector<TensorSpec> &specs) {
    std::string text;
    for (const TensorSpec &spec : specs) text += (text.empty() ? "" : "; ") + spec.name + ", " + spec_text(spec);
    return text.empty() ? "none" : text;
}

bool shape_fits(std::span<const std::int64_t> shape, const TensorSpec &spec) {
    if (spec.shape.empty()) return true;  // it may also be that the model says nothing; the runtime decides then
    return std::equal(shape.begin(), shape.end(), spec.shape.begin(), spec.shape.end(),
                      [](std::int64_t given, std::int64_t wanted) { return wanted < 0 || given == wanted; });
}

std::size_t index_of(const std::vector<TensorSpec> &specs, const std::string &name) {
    const auto found = std::find_if(specs.begin(), specs.end(), [&](const TensorSpec &spec) { return spec.name == name; });
    return static_cast<std::size_t>(found - specs.begin());
}

Tensor zeros(const TensorSpec &spec) {
    Tensor tensor = example_tensor(spec, {}, 0);
    const auto bytes = std::make_shared<std::vector<double>>(tensor.bytes / sizeof(double) + 1);  // aligned for any type
    tensor.data = bytes->data();
    tensor.owner = bytes;
    return tensor;
}

Json spec_json(const TensorSpec &spec) {
    Json json = {{"name", spec.name}, {"type", dtype_name(spec.dtype)}, {"shape", Json::array()}};
    for (std::size_t i = 0; i < spec.shape.size(); ++i) {
        const bool named = i < spec.axes.size() && !spec.axes[i].empty();
        if (spec.shape[i] >= 0) json["shape"].push_back(spec.shape[i]);
        else json["shape"].push_back(named ? Json(spec.axes[i]) : Json());
    }
    if (spec.quantization) {
        json["scale"] = spec.quantization->scale;
        json["zero_point"] = spec.quantization->zero_point;
    }
    return json;
}

}  // namespace

TensorRunner::TensorRunner(std::unique_ptr<TensorModel> model, const std::vector<std::string> &state)
    : model_(std::move(model)), given_(model_->inputs().size()), is_given_(model_->inputs().size()) {
    for (const std::string &pair : state) keep(pair);
}

void TensorRunner::keep(const std::string &pair) {
    const std::size_t equals = pair.find('=');
    const std::string in = pair.substr(0, equals), out = equals == pair.npos ? "" : pair.substr(equals + 1);
    const std::size_t input = index_of(model_->inputs(), in), output = index_of(model_->outputs(), out);
    const auto refuse = [&](const std::string &why) {
        throw Failure(HH_INVALID_ARGUMENT, "The option \"state\" says " + in_quotes(pair) + ", but " + why);
    };
    if (input == model_->inputs().size())
        refuse("the model has no input " + in_quotes(in) + "; there are: " + listed(model_->inputs()) + ".");
    if (output == model_->outputs().size())
        refuse("the model has no output " + in_quotes(out) + "; there are: " + listed(model_->outputs()) + ".");
    if (model_->inputs()[input].dtype != model_->outputs()[output].dtype)
        refuse("the two hold elements of different types: " + spec_text(model_->inputs()[input]) + " and " +
               spec_text(model_->outputs()[output]) + ".");
    kept_.push_back({input, output, {}});
}

std::size_t TensorRunner::input_called(const std::string &name) const {
    const std::vector<TensorSpec> &inputs = model_->inputs();
    const std::size_t index = name.empty() ? 0 : index_of(inputs, name);
    if (index >= inputs.size())
        throw Failure(HH_UNKNOWN_PORT,
                      "The model has no input " + in_quotes(name) + "; there are: " + listed(inputs) + ".");
    return index;
}

void TensorRunner::admit(const Value &value) const {
    if (value.view.kind != HH_KIND_TENSOR) return;
    const TensorSpec &spec = model_->inputs()[input_called(value.name)];
    const std::span<const std::int64_t> shape(value.view.shape, static_cast<std::size_t>(value.view.rank));
    const std::string takes = "; the model takes " + spec_text(spec) + ".";
    if (value.view.dtype != spec.dtype)
        throw Failure(HH_WRONG_TYPE, "The input " + in_quotes(spec.name) + " was given as " +
                                         dtype_name(value.view.dtype) + " " + shape_text(shape) + takes);
    if (!shape_fits(shape, spec))
        throw Failure(HH_WRONG_SHAPE,
                      "The input " + in_quotes(spec.name) + " was given with the shape " + shape_text(shape) + takes);
}

void TensorRunner::give(Value value) {
    admit(value);
    const std::size_t index = input_called(value.name);
    given_[index] = std::move(value).to_tensor();
    is_given_[index] = true;
}

void TensorRunner::give_examples(const Example &example) {
    fill_kept();
    for (std::size_t i = 0; i < given_.size(); ++i) {
        if (is_given_[i]) continue;
        given_[i] = example_tensor(model_->inputs()[i], example, i);
        is_given_[i] = true;
    }
}

void TensorRunner::fill_kept() {
    for (const Kept &kept : kept_) {
        if (is_given_[kept.input]) continue;
        given_[kept.input] = kept.tensor.owner != nullptr ? kept.tensor : zeros(model_->inputs()[kept.input]);
        is_given_[kept.input] = true;
    }
}

void TensorRunner::run(std::size_t repeats, CancelToken cancel) {
    fill_kept();
    std::vector<TensorSpec> missing;
    for (std::size_t i = 0; i < given_.size(); ++i)
        if (!is_given_[i]) missing.push_back(model_->inputs()[i]);
    if (!missing.empty())
        throw Failure(HH_INVALID_ARGUMENT, "The request ended without all of the model's inputs; it lacks: " +
                                               listed(missing) + ". Send each as a tensor of that name.");
    std::vector<double> times;
    for (std::size_t i = 0; i < std::max<std::size_t>(repeats, 1); ++i) {
        const Clock::time_point start = Clock::now();
        results_ = model_->run(given_, cancel);
        times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }
    cancel.check();
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
    runs_ = times.size();
    run_ms_ = times[times.size() / 2];
    for (Kept &kept : kept_) {
        const Tensor &result = results_[kept.output];
        if (!shape_fits(result.shape, model_->inputs()[kept.input]))
            throw Failure(HH_WRONG_SHAPE, "The model gave the state " + in_quotes(model_->outputs()[kept.output].name) +
                                              " with the shape " + shape_text(result.shape) +
                                              ", which its input does not take: " +
                                              spec_text(model_->inputs()[kept.input]) + ".");
    }
    for (Kept &kept : kept_) kept.tensor = results_[kept.output];
    ran_with_ = std::move(given_);
    given_.assign(model_->inputs().size(), {});
    is_given_.assign(model_->inputs().size(), false);
}

bool TensorRunner::keeps_output(std::size_t output) const {
    return std::any_of(kept_.begin(), kept_.end(), [&](const Kept &kept) { return kept.output == output; });
}

std::vector<Value> TensorRunner::outputs() const {
    std::vector<Value> values;
    for (std::size_t i = 0; i < results_.size(); ++i)
        if (!keeps_output(i)) values.push_back(Value::tensor(model_->outputs()[i].name, results_[i]));
    return values;
}

std::vector<Value> TensorRunner::inputs() const {
    std::vector<Value> values;
    for (std::size_t i = 0; i < ran_with_.size(); ++i)
        values.push_back(Value::tensor(model_->inputs()[i].name, ran_with_[i]));
    return values;
}

void TensorRunner::abandon() {
    given_.assign(given_.size(), {});
    is_given_.assign(is_given_.size(), false);
    results_.clear();
}

void TensorRunner::clear() {
    abandon();
    ran_with_.clear();
    for (Kept &kept : kept_) kept.tensor = {};
    model_->reset();
}

Json TensorRunner::describe() const {
    Json json = model_->describe();
    json["inputs"] = json["outputs"] = json["state"] = Json::array();
    for (const TensorSpec &spec : model_->inputs()) json["inputs"].push_back(spec_json(spec));
    for (const TensorSpec &spec : model_->outputs()) json["outputs"].push_back(spec_json(spec));
    for (const Kept &kept : kept_)
        json["state"].push_back({{"input", model_->inputs()[kept.input].name}, {"output", model_->outputs()[kept.output].name}});
    return json;
}

void TensorRunner::report(Json &report) const {
    report[HH_REPORT_RUNS] = runs_;
    report[HH_REPORT_RUN_MS] = run_ms_;
    if (const int threads = model_->threads(); threads > 0) report[HH_REPORT_THREADS] = threads;
    report_resources(report, model_->memory(), model_->accelerator());
}

}  // namespace hh
