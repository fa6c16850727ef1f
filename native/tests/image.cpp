// Pictures that lie about themselves, and seeded random ones in memory that ends exactly where it has to: made for
// sanitizers. image [rounds]
// Also prints a number that stands for every value that came out: the same for every processor and compiler.
#include <cinttypes>
#include <memory>
#include <random>
#include <span>

#include "harness.hpp"
#include "processing/image/fit.hpp"
#include "processing/image/tensor.hpp"
#include "status_of.hpp"

using namespace hh::image;

namespace {

// A picture whose planes are allocations of their own, so that a sanitizer sees the first byte beyond them.
struct Sample {
    hh_value value = HH_VALUE_INIT;
    std::unique_ptr<std::uint8_t[]> planes[3];

    Sample(int width, int height, bool yuv, int rotation, int pixel_stride, int padding, std::mt19937 &random) {
        value.kind = HH_KIND_IMAGE;
        value.pixels = yuv ? HH_PIXELS_YUV420 : HH_PIXELS_RGBA8;
        value.width = width;
        value.height = height;
        value.rotation = rotation;
        for (int i = 0; i < (yuv ? 3 : 1); ++i) {
            const int columns = i == 0 ? width : (width + 1) / 2, rows = i == 0 ? height : (height + 1) / 2;
            const int pixel = yuv ? (i == 0 ? 1 : pixel_stride) : 3 + pixel_stride, last = yuv ? 1 : 4;
            const int row = (columns - 1) * pixel + last + padding;
            const std::size_t size = static_cast<std::size_t>(rows - 1) * static_cast<std::size_t>(row) +
                                     static_cast<std::size_t>((columns - 1) * pixel + last);
            planes[i] = std::make_unique<std::uint8_t[]>(size);
            for (std::size_t at = 0; at < size; ++at) planes[i][at] = static_cast<std::uint8_t>(random());
            (i == 0 ? value.data : value.planes[i - 1]) = planes[i].get();
            if (i == 0) value.size = size;
            value.row_strides[i] = row;
            value.pixel_strides[i] = pixel;
        }
    }
};

void check_lies() {
    std::mt19937 random(7);
    const auto lie = [&random](bool yuv, const auto &change) {
        Sample sample(9, 7, yuv, 0, 1, 0, random);
        CHECK_STATUS(HH_OK, status_of([&] { (void)Source::of(sample.value); }));
        change(sample.value);
        return status_of([&] { (void)Source::of(sample.value); });
    };
    constexpr int kHuge = 0x7FFFFFFF;
    for (const bool yuv : {false, true}) {
        for (const int side : {0, -1, kHuge, -kHuge - 1, 32769}) {
            CHECK_STATUS(HH_INVALID_ARGUMENT, lie(yuv, [side](hh_value &value) { value.width = side; }));
            CHECK_STATUS(HH_INVALID_ARGUMENT, lie(yuv, [side](hh_value &value) { value.height = side; }));
        }
        for (const int stride : {0, -1, kHuge, -kHuge - 1}) {
            CHECK_STATUS(HH_INVALID_ARGUMENT, lie(yuv, [stride](hh_value &value) { value.row_strides[0] = stride; }));
            CHECK_STATUS(HH_INVALID_ARGUMENT, lie(yuv, [stride](hh_value &value) { value.pixel_strides[0] = stride; }));
        }
        for (const int rotation : {-90, 1, 45, 360, kHuge})
            CHECK_STATUS(HH_INVALID_ARGUMENT, lie(yuv, [rotation](hh_value &value) { value.rotation = rotation; }));
        CHECK_STATUS(HH_INVALID_ARGUMENT, lie(yuv, [](hh_value &value) { value.data = nullptr; }));
        CHECK_STATUS(HH_INVALID_ARGUMENT, lie(yuv, [](hh_value &value) { --value.size; }));
        CHECK_STATUS(HH_INVALID_ARGUMENT, lie(yuv, [](hh_value &value) { --value.row_strides[0]; }));
        for (const int layout : {2, 9, -1, kHuge})
            CHECK_STATUS(HH_INVALID_ARGUMENT, lie(yuv, [&layout](hh_value &value) {
                             std::memcpy(&value.pixels, &layout, sizeof layout);
                         }));
        CHECK_STATUS(HH_WRONG_KIND, lie(yuv, [](hh_value &value) { value.kind = HH_KIND_AUDIO; }));
    }
    CHECK_STATUS(HH_INVALID_ARGUMENT, lie(false, [](hh_value &value) { value.pixel_strides[0] = 3; }));
    CHECK_STATUS(HH_INVALID_ARGUMENT, lie(true, [](hh_value &value) { value.planes[1] = nullptr; }));
    CHECK_STATUS(HH_INVALID_ARGUMENT, lie(true, [](hh_value &value) { value.row_strides[2] = 4; }));
}

void check_requests() {
    std::mt19937 random(8);
    Sample sample(9, 7, false, 90, 1, 0, random);
    const Source source = Source::of(sample.value);
    const auto ask = [&source](Size size, Box box) {
        return status_of([&] { (void)resize(source, size, Filter::bilinear, box); });
    };
    CHECK_STATUS(HH_OK, ask({3, 3}, whole(source)));
    for (const Size size : {Size{0, 3}, Size{3, -1}, Size{32769, 3}, Size{3, 0x7FFFFFFF}})
        CHECK_STATUS(HH_INVALID_ARGUMENT, ask(size, whole(source)));
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
    for (const Box box : {Box{-0.5F, 0, 3, 3}, Box{0, 0, 7.5F, 9}, Box{0, 0, 7, 10}, Box{3, 3, 3, 4}, Box{4, 0, 3, 3},
                          Box{nan, 0, 3, 3}, Box{0, 0, nan, 3}, Box{0, 0, infinite, 3}, Box{-infinite, 0, 3, 3}})
        CHECK_STATUS(HH_INVALID_ARGUMENT, ask({3, 3}, box));
    CHECK_STATUS(HH_TOO_LARGE, ask({32768, 32768}, whole(source)));
    for (const double share : {0.0, -1.0, 1.5, static_cast<double>(nan)})
        CHECK_STATUS(HH_INVALID_ARGUMENT, status_of([&] { (void)centre_crop(source, {3, 3}, share); }));
    CHECK_STATUS(HH_INVALID_ARGUMENT, status_of([&] { (void)centre_crop(source, {3, 0}); }));
    CHECK_STATUS(HH_INVALID_ARGUMENT, status_of([&] { (void)letterbox_place(source, {0, 3}); }));

    const Picture picture = resize(source, {5, 4}, Filter::box, whole(source));
    std::vector<float> tensor(5 * 4 * 3);
    const auto fill = [&](TensorFormat format, std::size_t bytes) {
        return status_of([&] { fill_tensor(picture, format, std::as_writable_bytes(std::span(tensor)).first(bytes)); });
    };
    const std::size_t bytes = tensor.size() * sizeof(float);
    CHECK_STATUS(HH_OK, fill({}, bytes));
    CHECK_STATUS(HH_INVALID_ARGUMENT, fill({}, bytes - 4));
    CHECK_STATUS(HH_UNSUPPORTED, fill({.dtype = HH_DTYPE_I64}, bytes));
    CHECK_STATUS(HH_INVALID_ARGUMENT, fill({.deviation = {1, 0, 1}}, bytes));
    CHECK_STATUS(HH_INVALID_ARGUMENT, fill({.scale = nan}, bytes));
    CHECK_STATUS(HH_OK, fill({.dtype = HH_DTYPE_I8, .mean = {infinite, nan, -infinite}, .zero_point = 300}, 60));
}

// FNV-1a, 64 bits.
class Digest {
public:
    template <typename Value>
    void add(const std::vector<Value> &values) {
        for (const std::byte byte : std::as_bytes(std::span(values)))
            value_ = (value_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3U;
    }
    [[nodiscard]] std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 0xCBF29CE484222325U;
};

int upto(std::mt19937 &random, int limit) { return 1 + static_cast<int>(random() % static_cast<unsigned>(limit)); }

void check_random(int rounds) {
    std::mt19937 random(9);
    Digest digest;
    constexpr int kSides[] = {1, 2, 3, 5, 16, 17, 33, 150};
    const auto side = [&random, &kSides] { return upto(random, kSides[random() % std::size(kSides)]); };
    for (int round = 0; round < rounds; ++round) {
        // One at a time: the order in which a call's arguments are computed differs between compilers.
        const int width = side(), height = side();
        const bool yuv = random() % 2 == 0;
        const int rotation = static_cast<int>(random() % 4) * 90, stride = upto(random, 3);
        const int padding = static_cast<int>(random() % 5);
        const Sample sample(width, height, yuv, rotation, stride, padding, random);
        const Source source = Source::of(sample.value);
        const Size size{side(), side()};
        const auto filter = static_cast<Filter>(random() % 4);
        const float left = static_cast<float>(random() % 1000) / 1001 * static_cast<float>(source.width());
        const Box box{left, 0, whole(source).right, whole(source).bottom};
        const Picture part = resize(source, size, filter, box);
        const Picture cropped = resize(source, size, filter, centre_crop(source, size, 0.9));
        const Picture framed = letterbox(source, size, filter, {1, 2, 3});
        const std::size_t expected = static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * 4;
        CHECK(part.pixels.size() == expected && cropped.pixels.size() == expected && framed.pixels.size() == expected);
        std::vector<std::uint8_t> tensor(expected / 4 * 3);
        fill_tensor(framed, {.dtype = HH_DTYPE_U8, .layout = Layout::nchw}, std::as_writable_bytes(std::span(tensor)));
        CHECK(tensor[0] == framed.pixels[0]);
        std::vector<float> floats(tensor.size());
        fill_tensor(part, {.mean = {123.7F, 116.3F, 103.5F}, .deviation = {58.4F, 57.1F, 57.4F}},
                    std::as_writable_bytes(std::span(floats)));
        for (const auto &picture : {part, cropped, framed}) digest.add(picture.pixels);
        digest.add(tensor);
        digest.add(floats);
    }
    std::printf("digest %016" PRIx64 "\n", digest.value());
}

}  // namespace

int main(int argc, char **argv) {
    check_lies();
    check_requests();
    check_random(argc > 1 ? std::atoi(argv[1]) : 500);
    return finish("image");
}
