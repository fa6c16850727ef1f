#include "runtimes/onnxruntime/onnx_check.hpp"

#include <cstdio>

#include "core/failure.hpp"
#include "core/file_kind.hpp"

namespace hh::runtimes::onnxruntime {
namespace {

constexpr int kVersionField = 1, kGraphField = 7;
constexpr int kMostFields = 10'000;  // operator sets, properties, functions

// Protocol buffers, as far as the outermost message needs them: numbers, and fields with a length.
class Fields {
public:
    explicit Fields(const File &file) : stream_(file.open()), size_(file.size()) {}

    [[nodiscard]] bool at_end() const { return position_ >= size_; }

    bool number(std::uint64_t &value) {
        value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const int byte = std::fgetc(stream_.get());
            if (byte == EOF) return false;
            ++position_;
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if ((byte & 0x80) == 0) return true;
        }
        return false;
    }

    /** Skips a field's content; false if the file ends before it does. */
    bool skip(unsigned wire_type) {
        std::uint64_t length = wire_type == 1 ? 8 : wire_type == 5 ? 4 : 0;
        if (wire_type == 0) return number(length);
        if (wire_type == 2 && !number(length)) return false;
        if (wire_type > 5 || wire_type == 3 || wire_type == 4) return false;
        if (length > static_cast<std::uint64_t>(size_ - position_)) return false;
        position_ += static_cast<std::int64_t>(length);
        return std::fseek(stream_.get(), static_cast<long>(position_), SEEK_SET) == 0;
    }

private:
    Stream stream_;
    std::int64_t size_, position_ = 0;
};

}  // namespace

void check_onnx(const File &file) {
    const std::string head = file.head(kKindBytes);
    if (head.size() > 8 && head.compare(4, 4, "ORTM") == 0) return;
    const std::string kind = file_kind(head);
    const auto other = [&] {
        return Failure(HH_FILE_INVALID, file.label() + " is not an ONNX model; it is " + kind + ".");
    };
    if (head.empty() || kind != "of another kind") {
        if (kind != "an ONNX model (.onnx)") throw other();
    }
    Fields fields(file);
    bool version = false, graph = false;
    for (int i = 0; !fields.at_end(); ++i) {
        std::uint64_t tag = 0;
        const bool whole = i < kMostFields && fields.number(tag) && fields.skip(static_cast<unsigned>(tag & 7));
        if (!whole && version)
            throw Failure(HH_FILE_INVALID, file.label() + " is a damaged or truncated ONNX model: it has " +
                                               std::to_string(file.size()) + " bytes and ends inside of a field.");
        if (!whole) throw other();
        version = version || tag >> 3 == kVersionField;
        graph = graph || tag >> 3 == kGraphField;
    }
    if (!version || !graph) throw other();
}

}  // namespace hh::runtimes::onnxruntime
