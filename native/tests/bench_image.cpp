// Resizing, for `nox -s bench`: bench_image <width> <height> <rotation>, a picture of noise of that size.
// Each line of input, "<width> <height> <filter> <times>", is answered with one line of JSON: CPU seconds of that many.
#include <iostream>
#include <random>
#include <vector>

#include "bench.hpp"
#include "processing/image/resize.hpp"

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    hh_value value = HH_VALUE_INIT;
    value.kind = HH_KIND_IMAGE;
    value.width = std::atoi(argv[1]);
    value.height = std::atoi(argv[2]);
    value.rotation = std::atoi(argv[3]);
    value.row_strides[0] = value.width * 4;
    value.pixel_strides[0] = 4;
    const auto row = static_cast<std::size_t>(value.row_strides[0]);
    std::vector<std::uint8_t> pixels(row * static_cast<std::size_t>(value.height));
    std::mt19937 random(1);
    for (std::uint8_t &byte : pixels) byte = static_cast<std::uint8_t>(random());
    value.data = pixels.data();
    value.size = pixels.size();
    const hh::image::Source source = hh::image::Source::of(value);
    const long before = peak_kilobytes();
    int width = 0, height = 0, filter = 0, times = 0;
    while (std::cin >> width >> height >> filter >> times) {
        const double start = cpu_seconds();
        std::size_t sum = 0;
        for (int i = 0; i < times; ++i) {
            const auto picture = hh::image::resize(source, {width, height}, static_cast<hh::image::Filter>(filter),
                                                   hh::image::whole(source));
            sum += picture.pixels.back();
        }
        std::printf("{\"cpu_s\": %.9f, \"peak_kb\": %ld, \"sum\": %zu}\n", cpu_seconds() - start,
                    peak_kilobytes() - before, sum);
        std::fflush(stdout);
    }
    return 0;
}
