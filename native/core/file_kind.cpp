#include "core/file_kind.hpp"

#include <algorithm>
#include <array>

namespace hh {
namespace {

// ONNX and Core ML both begin with a version as field 1; the field that follows tells them apart.
std::string_view protobuf_kind(std::string_view head) {
    if (head.size() < 5 || head[0] != 0x08 || head[1] < 1 || head[1] > 32) return {};
    const std::string_view onnx = "an ONNX model (.onnx)";
    if (head[2] == 0x3A || head[2] == 0x42 || head[2] == 0x1A) return onnx;
    const bool text = head[2] == 0x12 && static_cast<unsigned char>(head[4]) >= ' ' && head[4] < 0x7F;
    return text ? onnx : head[2] == 0x12 ? "a Core ML model (.mlmodel)" : std::string_view();
}

}  // namespace

// What people take for a model file: a page that a download gave instead, another runtime's model, an archive.
std::string file_kind(std::string_view head) {
    struct Magic {
        std::string_view bytes, kind;
        std::size_t at = 0;
    };
    using namespace std::string_view_literals;
    static constexpr std::array kMagics{
        Magic{"GGUF"sv, "a GGUF model (.gguf)"}, Magic{"TFL3"sv, "a LiteRT model (.tflite)", 4},
        Magic{"ORTM"sv, "an onnxruntime model (.ort)", 4}, Magic{"ET12"sv, "an ExecuTorch program (.pte)", 4},
        Magic{"ET13"sv, "an ExecuTorch program (.pte)", 4},
        Magic{"version https://git-lfs"sv, "a Git LFS pointer, not the file itself"},
        Magic{"<!DOCTYPE"sv, "a web page"}, Magic{"<!doctype"sv, "a web page"}, Magic{"<html"sv, "a web page"},
        Magic{"PK\x03\x04"sv, "a zip archive (a PyTorch checkpoint or .mlpackage is one)"},
        Magic{"\x80\x02"sv, "a Python pickle"}, Magic{"\x80\x04"sv, "a Python pickle"},
        Magic{"\x1f\x8b"sv, "a gzip archive"}, Magic{"lmgg"sv, "an old GGML file; convert it to GGUF"},
        Magic{"tjgg"sv, "an old GGML file; convert it to GGUF"}, Magic{"{\""sv, "a safetensors file", 8},
        Magic{"\x89HDF"sv, "an HDF5 file, as Keras saves models"}, Magic{"FUGG"sv, "a big-endian GGUF file"},
        Magic{"\x7f" "ELF"sv, "a program"}, Magic{"{"sv, "a JSON text"},
    };
    if (head.empty()) return "empty";
    for (const Magic &magic : kMagics)
        if (head.substr(std::min(magic.at, head.size())).starts_with(magic.bytes)) return std::string(magic.kind);
    if (const std::string_view kind = protobuf_kind(head); !kind.empty()) return std::string(kind);
    return "of another kind";
}

}  // namespace hh
