// Shape `tensors`: sums of inputs, as the lines of the file say, so that every test knows the answer.
//
//     input x f32 batch 3              name, element type, sizes; a word is a free size of that name
//     input pixels u8 4 scale=0.5 zero_point=128
//     output y = 2 x                   the input, times the number
//     output total = 1 x + 1 sum       two inputs of one type and shape
//
// Without such lines: one input x, f32 with one free size, and the output y that repeats it.
#include "runtimes/echo/tensors.hpp"

#include <cstring>
#include <sstream>

#include "core/failure.hpp"
#include "core/tensors/text.hpp"

namespace hh::runtimes::echo {
namespace {

constexpr std::size_t kLargestFile = std::size_t{1} << 16;
constexpr const char *kDefault = "input x f32 n\noutput y = 1 x\n";

struct Term {
    double factor = 1;
    std::size_t input = 0;
};

struct Lines {
    std::vector<TensorSpec> inputs, outputs;
    std::vector<std::vector<Term>> sums;  // one for each output
};

hh_dtype dtype_called(const std::string &word) {
#define HH_DTYPE_ROW(id, name, bytes) \
    if (word == name) return id;
    HH_DTYPE_LIST(HH_DTYPE_ROW)
#undef HH_DTYPE_ROW
    return HH_DTYPE_MAX_ENUM;
}

bool read_input(std::istringstream &words, Lines &lines) {
    TensorSpec spec;
    std::string type;
    if (!(words >> spec.name >> type) || (spec.dtype = dtype_called(type)) == HH_DTYPE_MAX_ENUM) return false;
    for (std::string word; words >> word;) {
        if (word.starts_with("scale=") || word.starts_with("zero_point=")) {
            if (!spec.quantization) spec.quantization.emplace();
            const double number = std::strtod(word.c_str() + word.find('=') + 1, nullptr);
            if (word.front() == 's') spec.quantization->scale = number;
            else spec.quantization->zero_point = static_cast<std::int64_t>(number);
            continue;
        }
        const bool fixed = word.find_first_not_of("0123456789") == std::string::npos && word.size() < 10;
        spec.shape.push_back(fixed ? std::stoll(word) : -1);
        spec.axes.push_back(fixed ? "" : word);
    }
    lines.inputs.push_back(spec);
    return true;
}

bool read_output(std::istringstream &words, Lines &lines) {
    std::string name, sign, input;
    if (!(words >> name >> sign) || sign != "=") return false;
    std::vector<Term> sum;
    do {
        Term term;
        if (!(words >> term.factor >> input)) return false;
        while (term.input < lines.inputs.size() && lines.inputs[term.input].name != input) ++term.input;
        if (term.input == lines.inputs.size()) return false;
        sum.push_back(term);
    } while (words >> sign && sign == "+");
    TensorSpec spec = lines.inputs[sum[0].input];
    spec.name = name;
    const bool computes = sum.size() > 1 || sum[0].factor != 1;
    const bool half = spec.dtype == HH_DTYPE_F16 || spec.dtype == HH_DTYPE_BF16;
    if (computes && (half || spec.dtype == HH_DTYPE_BOOL)) return false;
    lines.outputs.push_back(spec);
    lines.sums.push_back(sum);
    return true;
}

Lines read_lines(const File &file) {
    Lines lines;
    std::string text = file.head(kLargestFile);
    if (text.find("\ninput ") == text.npos) text = kDefault;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        std::istringstream words(line);
        std::string first;
        words >> first;
        const bool input = first == "input", output = first == "output";
        if ((input && !read_input(words, lines)) || (output && !read_output(words, lines)))
            throw Failure(HH_FILE_INVALID, file.label() + " has a line that echo does not understand: " + line);
    }
    if (lines.outputs.empty()) throw Failure(HH_FILE_INVALID, file.label() + " names no output.");
    return lines;
}

template <typename T>
void store(std::string &bytes, std::size_t index, double number) {
    const auto element = static_cast<T>(number);
    std::memcpy(bytes.data() + index * sizeof(T), &element, sizeof(T));
}

void store(hh_dtype dtype, std::string &bytes, std::size_t index, double number) {
    switch (dtype) {
        case HH_DTYPE_F32: return store<float>(bytes, index, number);
        case HH_DTYPE_F64: return store<double>(bytes, index, number);
        case HH_DTYPE_I8: return store<std::int8_t>(bytes, index, number);
        case HH_DTYPE_U8: return store<std::uint8_t>(bytes, index, number);
        case HH_DTYPE_I16: return store<std::int16_t>(bytes, index, number);
        case HH_DTYPE_U16: return store<std::uint16_t>(bytes, index, number);
        case HH_DTYPE_I32: return store<std::int32_t>(bytes, index, number);
        case HH_DTYPE_U32: return store<std::uint32_t>(bytes, index, number);
        case HH_DTYPE_I64: return store<std::int64_t>(bytes, index, number);
        default: return store<std::uint64_t>(bytes, index, number);
    }
}

class Sums : public TensorModel {
public:
    explicit Sums(const ModelRequest &request) : lines_(read_lines(file_with_role(request.files, "weights"))) {
        accelerator_ = fall_back(request.accelerator, "echo has the CPU only");
        request.progress(1);
    }

    const std::vector<TensorSpec> &inputs() const override { return lines_.inputs; }
    const std::vector<TensorSpec> &outputs() const override { return lines_.outputs; }

    std::vector<Tensor> run(std::span<const Tensor> inputs, CancelToken cancel) override {
        std::vector<Tensor> results;
        for (const std::vector<Term> &sum : lines_.sums) {
            cancel.check();
            results.push_back(add(sum, inputs));
        }
        return results;
    }

    int threads() const override { return 1; }
    Memory memory() const override { return {}; }
    Accelerator accelerator() const override { return accelerator_; }
    Json describe() const override { return {{"architecture", "echo"}}; }

private:
    static Tensor add(const std::vector<Term> &sum, std::span<const Tensor> inputs) {
        const Tensor &first = inputs[sum[0].input];
        if (sum.size() == 1 && sum[0].factor == 1) return first;
        for (const Term &term : sum)
            if (inputs[term.input].shape != first.shape || inputs[term.input].dtype != first.dtype)
                throw Failure(HH_RUNTIME_FAILED, "echo cannot add arrays of different shapes or types.");
        const auto bytes = std::make_shared<std::string>();
        bytes->reserve(64);  // on the heap, see Value::copy_of
        bytes->resize(first.bytes);
        for (std::size_t i = 0; i < element_count(first.shape); ++i) {
            double number = 0;
            for (const Term &term : sum) number += term.factor * element_at(inputs[term.input], i);
            store(first.dtype, *bytes, i, number);
        }
        return {first.dtype, first.shape, bytes->data(), bytes->size(), bytes};
    }

    Lines lines_;
    Accelerator accelerator_;
};

}  // namespace

void check_tensors(const File &file) { read_lines(file); }

std::unique_ptr<TensorModel> make_tensors(const ModelRequest &request) { return std::make_unique<Sums>(request); }

}  // namespace hh::runtimes::echo
