// Task `classify`: what a picture shows, over a model of shape `tensors` that takes one picture and gives a score for
// each class.
//
// A request is one picture, on port `picture` or as text on port `picture_text`, then the end. The scores of the
// likeliest classes follow on port `scores`, and the same in words on port `summary`.
#include <cstdio>
#include <iterator>
#include <locale>
#include <optional>
#include <sstream>

#include "core/failure.hpp"
#include "core/request_task.hpp"
#include "core/tensors/runner.hpp"
#include "core/tensors/text.hpp"
#include "processing/image/fit.hpp"
#include "processing/image/tensor.hpp"
#include "tasks/classify/picture_text.hpp"
#include "tasks/classify/scores.hpp"

namespace hh::tasks::classify {
namespace {

[[noreturn]] void unfit(const std::string &why) { throw Failure(HH_UNSUPPORTED, "The model is no classifier: " + why); }

// One number for all colours, or three.
std::array<float, 3> colours(const Settings &options, const char *name) {
    const std::string text = options.text(name);
    std::istringstream words(text);
    words.imbue(std::locale::classic());
    std::vector<float> numbers{std::istream_iterator<float>(words), {}};
    if (numbers.size() == 1) numbers.resize(3, numbers[0]);
    if (!words.eof() || numbers.size() != 3)
        throw Failure(HH_INVALID_ARGUMENT, std::string("The option \"") + name +
                                               "\" is one number or three with spaces between, not \"" + text + "\".");
    return {numbers[0], numbers[1], numbers[2]};
}

/** How a picture becomes the model's input. */
struct Preparation {
    image::Size size;
    image::TensorFormat format;
    image::Filter filter = image::Filter::bicubic;
    double crop = 1;
    std::vector<std::int64_t> shape;

    static Preparation of(const TensorSpec &spec, const Settings &options);
    [[nodiscard]] Value apply(const image::Source &source, const std::string &input) const;
};

Preparation Preparation::of(const TensorSpec &spec, const Settings &options) {
    if (spec.shape.size() != 4 || spec.shape[0] > 1)
        unfit("its input is " + spec_text(spec) + ", not [1, 3, height, width] or [1, height, width, 3].");
    Preparation made;
    const bool planar = spec.shape[1] == 3;
    if (!planar && spec.shape[3] != 3) unfit("its input is " + spec_text(spec) + ", without an axis of 3 colours.");
    const auto side = [&](std::size_t axis) {
        const std::int64_t pixels = spec.shape[axis] > 0 ? spec.shape[axis] : options.integer("size");
        if (pixels > image::kLongestSide) unfit("it takes pictures of " + std::to_string(pixels) + " pixels.");
        return static_cast<int>(pixels);
    };
    made.size = {side(planar ? 3 : 2), side(planar ? 2 : 1)};
    made.shape = planar ? std::vector<std::int64_t>{1, 3, made.size.height, made.size.width}
                        : std::vector<std::int64_t>{1, made.size.height, made.size.width, 3};
    made.format.dtype = spec.dtype;
    made.format.layout = planar ? image::Layout::nchw : image::Layout::nhwc;
    made.filter = options.text("filter") == "bilinear" ? image::Filter::bilinear : image::Filter::bicubic;
    made.crop = options.number("crop");
    if (spec.quantization) {
        made.format.scale = static_cast<float>(spec.quantization->scale);
        made.format.zero_point = static_cast<int>(spec.quantization->zero_point);
    } else if (spec.dtype == HH_DTYPE_I8) {
        made.format.zero_point = -128;
    }
    // Whole numbers without a scale are the pixels themselves.
    if (spec.quantization || spec.dtype == HH_DTYPE_F32) {
        made.format.mean = colours(options, "mean");
        made.format.deviation = colours(options, "deviation");
    }
    (void)image::tensor_bytes(made.size, made.format);  // throws for other element types
    return made;
}

Value Preparation::apply(const image::Source &source, const std::string &input) const {
    const image::Picture picture = image::resize(source, size, filter, image::centre_crop(source, size, crop));
    const auto memory = std::make_shared<std::vector<std::byte>>(image::tensor_bytes(size, format));
    image::fill_tensor(picture, format, *memory);
    return Value::tensor(input, {format.dtype, shape, memory->data(), memory->size(), memory});
}

// A value keeps its memory apart from the pointers to it.
hh_value shown(const Value &value) {
    hh_value view = value.view;
    view.data = value.data.data();
    view.size = value.data.size();
    for (std::size_t i = 0; i < value.planes.size(); ++i) view.planes[i] = value.planes[i].data();
    return view;
}

class Classify : public RequestTask {
public:
    explicit Classify(const Manifest &manifest) {
        for (const Port &port : manifest.ports)
            if (!port.input) (port.kind == HH_KIND_SCORES ? scores_port_ : summary_port_) = port.name;
    }

    void load(const Runtime &runtime, const ModelRequest &request) override {
        if (runtime.tensors == nullptr)
            throw Failure(HH_UNSUPPORTED, std::string("The runtime ") + runtime.name + " has no shape \"tensors\".");
        runner_.reset();
        std::unique_ptr<TensorModel> model = runtime.tensors(request);
        if (model->inputs().size() != 1) unfit("it takes " + std::to_string(model->inputs().size()) + " inputs.");
        if (model->outputs().empty()) unfit("it gives nothing.");
        input_ = model->inputs()[0];
        output_ = model->outputs()[0];
        preparation_ = Preparation::of(input_, request.options);
        labels_ = request.options.texts("labels");
        logits_ = request.options.text("scores") == "logits";
        check_labels(output_.shape.empty() ? -1 : output_.shape.back());
        runner_ = std::make_unique<TensorRunner>(std::move(model), std::vector<std::string>{});
    }

    void admit(const Value &value) const override {
        if (value.view.kind == HH_KIND_TEXT) (void)picture_of_text(value.data);
        else (void)image::Source::of(shown(value));
    }

    void abandon() override {
        if (runner_) runner_->abandon();
        RequestTask::abandon();
    }

    void describe(Json &info) const override { info["loaded"] = runner_->describe(); }

    void report(Json &report) const override {
        if (runner_) runner_->report(report);
    }

    std::vector<Value> trace() const override { return runner_->inputs(); }

protected:
    void take(Value value) override {
        picture_ = value.view.kind == HH_KIND_TEXT ? picture_of_text(value.data) : std::move(value);
    }

    std::vector<Value> compute(const Settings &settings, CancelToken cancel) override {
        if (!picture_) throw Failure(HH_INVALID_ARGUMENT, "The request ended without a picture.");
        runner_->give(preparation_.apply(image::Source::of(shown(*picture_)), input_.name));
        cancel.check();
        runner_->run(1, cancel);
        const std::vector<Value> outputs = runner_->outputs();
        std::vector<double> values = real_values(outputs.front().lent, output_);
        if (values.empty()) unfit("it gave no scores.");
        check_labels(static_cast<std::int64_t>(values.size()));
        if (logits_) softmax(values);
        return answer(values, top(values, static_cast<std::size_t>(settings.integer("top_k"))));
    }

    void forget() override { picture_.reset(); }

private:
    void check_labels(std::int64_t classes) const {
        if (labels_.empty() || classes < 0 || static_cast<std::size_t>(classes) == labels_.size()) return;
        throw Failure(HH_INVALID_ARGUMENT, "The model gives " + std::to_string(classes) +
                                               " scores, the option \"labels\" has " +
                                               std::to_string(labels_.size()) + ".");
    }

    std::vector<Value> answer(const std::vector<double> &values, const std::vector<std::size_t> &best) const {
        Value scores;
        scores.name = scores_port_;
        scores.view.kind = HH_KIND_SCORES;
        scores.view.rank = 1;
        scores.view.shape[0] = static_cast<std::int64_t>(best.size());
        std::string summary;
        for (const std::size_t index : best) {
            const auto score = static_cast<float>(values[index]);
            scores.labels.push_back(label_of(labels_, index));
            scores.data.append(reinterpret_cast<const char *>(&score), sizeof score);
            char digits[32];
            std::snprintf(digits, sizeof digits, "%.3f", values[index]);
            summary += std::string(digits) + " " + scores.labels.back() + "\n";
        }
        std::vector<Value> both;
        both.push_back(std::move(scores));
        both.push_back(Value::text(summary_port_, summary));
        return both;
    }

    std::string scores_port_, summary_port_;
    std::unique_ptr<TensorRunner> runner_;
    TensorSpec input_, output_;
    Preparation preparation_;
    std::vector<std::string> labels_;
    bool logits_ = false;

    std::optional<Value> picture_;
};

}  // namespace

extern const TaskType type;
const TaskType type = {"classify", [](const Manifest &manifest) -> std::unique_ptr<TaskLogic> {
                           return std::make_unique<Classify>(manifest);
                       }};

}  // namespace hh::tasks::classify
