#include "runtimes/llama_cpp/gguf_check.hpp"

#include <gguf.h>
#include <ggml.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/failure.hpp"
#include "core/file_kind.hpp"
#include "core/log.hpp"

namespace hh::runtimes::llama_cpp {
namespace {

struct ContextFree {
    void operator()(gguf_context *context) const noexcept { gguf_free(context); }
};
using Header = std::unique_ptr<gguf_context, ContextFree>;

constexpr std::int64_t kMostTensors = 100'000;
constexpr std::int64_t kMostKeys = 100'000;
constexpr std::uint64_t kMostTokens = 4'000'000;
constexpr std::uint64_t kLargestHeader = std::uint64_t{256} << 20;

class Check {
public:
    Check(const File &file, const gguf_context &header) : file_(file), header_(header) {}

    void run() const {
        const std::string architecture = text("general.architecture");
        layers(architecture);
        vocabulary();
    }

private:
    [[noreturn]] void refuse(const std::string &why) const {
        throw Failure(HH_FILE_INVALID, file_.label() + " is not a usable GGUF model: " + why + ".");
    }

    [[nodiscard]] std::int64_t find(const std::string &key) const { return gguf_find_key(&header_, key.c_str()); }

    [[nodiscard]] std::string text(const std::string &key) const {
        const std::int64_t id = find(key);
        if (id < 0 || gguf_get_kv_type(&header_, id) != GGUF_TYPE_STRING) refuse("the text " + key + " is missing");
        return gguf_get_val_str(&header_, id);
    }

    // An unsigned number of 32 bits if the key is there, as llama.cpp reads it.
    bool number(const std::string &key, std::uint64_t &value) const {
        const std::int64_t id = find(key);
        if (id < 0) return false;
        if (gguf_get_kv_type(&header_, id) == GGUF_TYPE_ARRAY) return false;  // one value a layer
        if (gguf_get_kv_type(&header_, id) != GGUF_TYPE_UINT32) refuse(key + " has the wrong type");
        value = gguf_get_val_u32(&header_, id);
        return true;
    }

    void bounded(const std::string &key, std::uint64_t low, std::uint64_t high) const {
        std::uint64_t value = 0;
        if (number(key, value) && (value < low || value > high))
            refuse(key + " is " + std::to_string(value) + ", which no model has");
    }

    void layers(const std::string &architecture) const {
        const auto key = [&](const char *name) { return architecture + "." + name; };
        std::uint64_t heads = 0, width = 0;
        bounded(key("block_count"), 1, 512);
        bounded(key("context_length"), 1, std::uint64_t{1} << 31);
        bounded(key("embedding_length"), 1, std::uint64_t{1} << 20);
        bounded(key("feed_forward_length"), 0, std::uint64_t{1} << 24);
        bounded(key("attention.head_count"), 1, 1024);
        bounded(key("attention.head_count_kv"), 0, 1024);
        bounded(key("rope.dimension_count"), 0, std::uint64_t{1} << 20);
        bounded(key("expert_count"), 0, 4096);
        if (number(key("attention.head_count"), heads) && number(key("embedding_length"), width)) {
            std::uint64_t key_length = 0;
            if (!number(key("attention.key_length"), key_length) && width % heads != 0)
                refuse("its width is no multiple of its heads");
        }
        std::uint64_t kv_heads = 0;
        if (number(key("attention.head_count_kv"), kv_heads) && heads > 0 && kv_heads > 0 && heads % kv_heads != 0)
            refuse("its query heads are no multiple of its key heads");
    }

    void vocabulary() const {
        const std::string model = text("tokenizer.ggml.model");
        if (model == "none" || model == "no_vocab") refuse("it has no vocabulary");
        const std::uint64_t tokens = list("tokenizer.ggml.tokens", GGUF_TYPE_STRING, true);
        if (tokens == 0 || tokens > kMostTokens) refuse("it has " + std::to_string(tokens) + " tokens");
        for (const auto &[key, type] : {std::pair{"tokenizer.ggml.scores", GGUF_TYPE_FLOAT32},
                                        std::pair{"tokenizer.ggml.token_type", GGUF_TYPE_INT32}}) {
            if (find(key) >= 0 && list(key, type, true) != tokens) refuse(std::string(key) + " has another length");
        }
        if (find("tokenizer.ggml.merges") >= 0) list("tokenizer.ggml.merges", GGUF_TYPE_STRING, true);
        for (const char *name : {"bos", "eos", "eot", "eom", "unknown", "seperator", "padding", "cls", "mask"}) {
            std::uint64_t id = 0;
            const std::string key = std::string("tokenizer.ggml.") + name + "_token_id";
            // 2^32 - 1 is how files say "none".
            if (number(key, id) && id >= tokens && id != 0xFFFFFFFFU) refuse(key + " is outside the vocabulary");
        }
    }

    std::uint64_t list(const std::string &key, gguf_type type, bool needed) const {
        const std::int64_t id = find(key);
        if (id < 0 && !needed) return 0;
        if (id < 0 || gguf_get_kv_type(&header_, id) != GGUF_TYPE_ARRAY || gguf_get_arr_type(&header_, id) != type)
            refuse("the list " + key + " is missing or of another type");
        return gguf_get_arr_n(&header_, id);
    }

    const File &file_;
    const gguf_context &header_;
};

template <typename T>
T number_at(std::string_view head, std::size_t at) {
    T value = 0;
    if (head.size() >= at + sizeof value) std::copy_n(head.data() + at, sizeof value, reinterpret_cast<char *>(&value));
    return value;
}

}  // namespace

void check_gguf(const File &file) {
    const std::string head = file.head(kKindBytes);
    if (!head.starts_with("GGUF"))
        throw Failure(HH_FILE_INVALID, file.label() + " is not a GGUF model; it is " + file_kind(head) + ".");
    // The counts stand at fixed places; llama.cpp's reader trusts them for its first allocations.
    const auto tensors = number_at<std::int64_t>(head, 8), keys = number_at<std::int64_t>(head, 16);
    if (tensors < 0 || tensors > kMostTensors || keys < 0 || keys > kMostKeys)
        throw Failure(HH_FILE_INVALID, file.label() + " is a damaged GGUF file: its header counts cannot be right.");

    const Stream stream = file.open();
    const std::size_t mark = log_mark();
    const Header header(gguf_init_from_file_ptr(stream.get(), {.no_alloc = true, .ctx = nullptr}));
    if (header == nullptr && memory_ran_out(mark))
        throw Failure(HH_OUT_OF_MEMORY, "There is not enough memory for the header of " + file.label() + ".");
    if (header == nullptr)
        throw Failure(HH_FILE_INVALID, file.label() + " is a damaged or truncated GGUF file: its header cannot be read.");
    const std::uint64_t begin = gguf_get_data_offset(header.get());
    if (begin > kLargestHeader) throw Failure(HH_FILE_INVALID, file.label() + " has a header too large to be a model's.");
    std::uint64_t end = begin;
    for (std::int64_t i = 0; i < gguf_get_n_tensors(header.get()); ++i) {
        const std::uint64_t last = begin + gguf_get_tensor_offset(header.get(), i) + gguf_get_tensor_size(header.get(), i);
        end = std::max(end, last);
    }
    if (gguf_get_n_tensors(header.get()) == 0) throw Failure(HH_FILE_INVALID, file.label() + " holds no weights.");
    if (end > static_cast<std::uint64_t>(file.size()))
        throw Failure(HH_FILE_INVALID, file.label() + " is truncated: it has " + std::to_string(file.size()) +
                                           " bytes and its header asks for " + std::to_string(end) + ".");
    Check(file, *header).run();
}

}  // namespace hh::runtimes::llama_cpp
