#include "core/tensors/example.hpp"

#include <bit>
#include <charconv>
#include <cstring>
#include <sstream>

#include "core/failure.hpp"
#include "core/tensors/text.hpp"

namespace hh {
namespace {

constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;
constexpr std::size_t kLargest = std::size_t{1} << 30;  // bytes

// SplitMix64 (Steele, Lea, Flood 2014): the standard library's distributions differ from machine to machine.
class Numbers {
public:
    Numbers(std::uint64_t seed, std::size_t index) : state_((seed * 1024 + index) * kStep) {}
    std::uint64_t next() {
        std::uint64_t z = state_ += kStep;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

// A number k / 1024 with k below 1024, which half precision holds exactly.
std::uint16_t half_of(std::uint64_t k) {
    if (k == 0) return 0;
    const int width = std::bit_width(k);  // 1 to 10: the leading bit stands for 2^(width - 11)
    return static_cast<std::uint16_t>((width - 11 + 15) << 10 | (k << (11 - width) & 0x3FF));
}

template <typename T>
void put(std::string &bytes, std::size_t index, T element) {
    std::memcpy(bytes.data() + index * sizeof(T), &element, sizeof(T));
}

void put_example(hh_dtype dtype, std::string &bytes, std::size_t i, std::uint64_t bits) {
    switch (dtype) {
        case HH_DTYPE_F32: return put(bytes, i, static_cast<float>(bits >> 40) * 0x1p-24F);
        case HH_DTYPE_F64: return put(bytes, i, static_cast<double>(bits >> 11) * 0x1p-53);
        case HH_DTYPE_F16: return put(bytes, i, half_of(bits >> 54));
        case HH_DTYPE_BF16: {
            const float number = static_cast<float>(bits >> 56) * 0x1p-8F;
            return put(bytes, i, static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(number) >> 16));
        }
        case HH_DTYPE_I8:
        case HH_DTYPE_U8: return put(bytes, i, static_cast<std::uint8_t>(bits >> 56));
        default: break;
    }
    const auto zero_or_one = static_cast<std::uint8_t>(bits >> 63);
    switch (dtype_bytes(dtype)) {
        case 1: return put(bytes, i, zero_or_one);
        case 2: return put(bytes, i, static_cast<std::uint16_t>(zero_or_one));
        case 4: return put(bytes, i, static_cast<std::uint32_t>(zero_or_one));
        default: return put(bytes, i, static_cast<std::uint64_t>(zero_or_one));
    }
}

bool whole_number(std::string_view text, std::uint64_t &number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Example Example::parse(std::string_view text) {
    Example example;
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;) {
        const std::size_t equals = word.find('=');
        std::uint64_t number = 0;
        const bool fits = whole_number(std::string_view(word).substr(equals == word.npos ? 0 : equals + 1), number);
        if (!fits || (equals != word.npos && (number == 0 || number > kLargest)))
            throw Failure(HH_INVALID_ARGUMENT, "The example \"" + word + "\" is neither a seed, such as 7, nor the size of "
                                               "a free axis, such as batch=2.");
        if (equals == word.npos) example.seed = number;
        else example.sizes[word.substr(0, equals)] = static_cast<std::int64_t>(number);
    }
    return example;
}

Tensor example_tensor(const TensorSpec &spec, const Example &example, std::size_t index) {
    Tensor tensor{.dtype = spec.dtype, .shape = spec.shape, .data = nullptr, .bytes = 0, .owner = nullptr};
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
        if (tensor.shape[i] >= 0) continue;
        auto asked = example.sizes.find(spec.name + "." + std::to_string(i));
        if (asked == example.sizes.end()) asked = example.sizes.find(i < spec.axes.size() ? spec.axes[i] : std::string());
        tensor.shape[i] = asked != example.sizes.end() ? asked->second : 1;
    }
    const std::size_t count = element_count(tensor.shape), size = dtype_bytes(spec.dtype);
    if (count > kLargest / size)
        throw Failure(HH_TOO_LARGE, "Example data for \"" + spec.name + "\", " + spec_text(spec) + ", would be larger than 1 GiB.");
    const auto bytes = std::make_shared<std::string>();
    bytes->reserve(64);  // on the heap, see Value::copy_of
    bytes->resize(count * size);
    Numbers numbers(example.seed, index);
    for (std::size_t i = 0; i < count; ++i) put_example(spec.dtype, *bytes, i, numbers.next());
    tensor.data = bytes->data();
    tensor.bytes = bytes->size();
    tensor.owner = bytes;
    return tensor;
}

}  // namespace hh
