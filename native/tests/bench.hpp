// What the bench programs share: the process's CPU time and memory, and requests for one array.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

inline double cpu_seconds() {
    timespec now = {};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The process's own peak: getrusage() would also count what the process that started this one had in memory.
inline long peak_kilobytes() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        long kilobytes = 0;
        if (word == "VmHWM:" && status >> kilobytes) return kilobytes;
    }
    return 0;
}

/** A model with one input and one output of the same element type: <model> <input> <f32 | u8> <sizes ...>. */
struct OneArray {
    OneArray(int argc, char **argv) {
        if (argc < 4) std::exit(2);
        model = argv[1];
        name = argv[2];
        whole = std::string_view(argv[3]) == "u8";
        for (int i = 4; i < argc; ++i) shape.push_back(std::atoll(argv[i]));
        bytes.resize(bytes_of(shape));
        for (std::size_t i = 0; i < bytes.size() / element(); ++i) {
            const std::size_t level = 3 + i * 7 % 251;
            const float number = static_cast<float>(level) / 256;
            if (whole) bytes[i] = static_cast<char>(level);
            else std::memcpy(&bytes[i * sizeof number], &number, sizeof number);
        }
    }

    std::size_t element() const { return whole ? 1 : sizeof(float); }
    template <typename Size>
    std::size_t bytes_of(const std::vector<Size> &sizes) const {
        std::size_t product = element();
        for (const Size size : sizes) product *= static_cast<std::size_t>(size);
        return product;
    }

    /** What hardly another output would give. */
    double sum_of(const void *data, std::size_t size) const {
        double sum = 0;
        for (std::size_t i = 0; i < size / element(); ++i) {
            const double number = whole ? static_cast<const unsigned char *>(data)[i] : static_cast<const float *>(data)[i];
            sum += number * static_cast<double>(1 + i % 5);
        }
        return sum;
    }

    char *model = nullptr, *name = nullptr;
    bool whole = false;  // elements are u8
    std::vector<std::int64_t> shape;
    std::vector<char> bytes;  // what every request gives
};

/** Each line of input, a number of requests, is answered with one line of JSON: their CPU seconds, and what they gave. */
template <typename Request>
void answer_lines(Request request) {
    int times = 0;
    while (std::cin >> times) {
        double sum = 0;
        const double start = cpu_seconds();
        for (int i = 0; i < times; ++i) sum += request();
        std::printf("{\"cpu_s\": %.9f, \"sum\": %.17g}\n", cpu_seconds() - start, sum);
        std::fflush(stdout);
    }
}
