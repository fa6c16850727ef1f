// A picture whose sizes, strides and memory a stranger chose: a status or a resized picture, never a crash. The first
// bytes are numbers, the rest is the picture's memory.
#include <cstdint>
#include <cstring>
#include <memory>

#include "core/failure.hpp"
#include "processing/image/fit.hpp"

using namespace hh::image;

namespace {

struct Request {
    std::int32_t width, height, rotation, pixels;
    std::int32_t row_strides[3], pixel_strides[3];
    std::uint16_t out_width, out_height, u_at, v_at;
    float box[4];
    std::uint8_t filter, fit;
};

// U and V carry no size in hh_value, so that a caller's word has to be taken for them: here it is kept.
bool holds(const hh_value &value, std::size_t plane, std::size_t available) {
    const std::int64_t columns = (value.width + std::int64_t{1}) / 2, rows = (value.height + std::int64_t{1}) / 2;
    if (columns < 1 || rows < 1 || value.row_strides[plane] < 1 || value.pixel_strides[plane] < 1) return true;
    const std::int64_t span = (rows - 1) * value.row_strides[plane] + (columns - 1) * value.pixel_strides[plane] + 1;
    return span <= static_cast<std::int64_t>(available);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    Request request;
    if (size < sizeof request) return 0;
    std::memcpy(&request, data, sizeof request);
    size -= sizeof request;
    const auto memory = std::make_unique<std::uint8_t[]>(size);
    std::memcpy(memory.get(), data + sizeof request, size);
    hh_value value = HH_VALUE_INIT;
    value.kind = HH_KIND_IMAGE;
    value.data = memory.get();
    value.size = size;
    value.width = request.width;
    value.height = request.height;
    value.rotation = request.rotation;
    std::memcpy(&value.pixels, &request.pixels, sizeof value.pixels);
    std::memcpy(value.row_strides, request.row_strides, sizeof value.row_strides);
    std::memcpy(value.pixel_strides, request.pixel_strides, sizeof value.pixel_strides);
    const std::size_t starts[] = {request.u_at % (size + 1), request.v_at % (size + 1)};
    for (std::size_t i = 0; i < 2; ++i) {
        if (!holds(value, i + 1, size - starts[i])) return 0;
        value.planes[i] = memory.get() + starts[i];
    }
    try {
        const Source source = Source::of(value);
        const Size out{request.out_width % 300, request.out_height % 300};
        const auto filter = static_cast<Filter>(request.filter % 4);
        const Box box{request.box[0], request.box[1], request.box[2], request.box[3]};
        if (request.fit % 3 == 0) (void)resize(source, out, filter, box);
        else if (request.fit % 3 == 1) (void)resize(source, out, filter, centre_crop(source, out, request.box[0]));
        else (void)letterbox(source, out, filter, {0, 0, 0});
    } catch (const hh::Failure &) {
    }
    return 0;
}
