// The waist between tasks and runtimes: a runtime implements shapes, a task asks for one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.hpp"
#include "core/file.hpp"
#include "core/json.hpp"
#include "core/settings.hpp"
#include "core/value.hpp"

namespace hh {

using Token = std::int32_t;

struct ChatMessage {
    std::string role;  // "system", "user" or "assistant"
    std::string content;
};

/** What a runtime is asked to load. Everything is borrowed for the call. */
struct ModelRequest {
    const std::vector<File> &files;
    const Settings &options;
    const std::string &chat_template;            // replaces the model's own if not empty
    const std::uint64_t memory;                  // bytes that the model may take; 0: no limit
    const std::string &accelerator;              // auto, cpu, gpu or npu; if it cannot be had: the CPU, and say so
    std::function<void(float)> progress;         // 0 to 1; throws Cancelled when the load was cancelled
    CancelToken cancel;
};

/** What computes, and why it is nothing better. */
struct Accelerator {
    std::string kind = "cpu";  // cpu, gpu or npu
    std::string device;        // its name; for the CPU the kind of processor that the code in use is built for, or empty
    std::string note;          // a part of a sentence: why it is not the one asked for, or not the best; or empty
    std::size_t taken = 0;     // nodes of the graph that it computes, of `nodes`: counted one by one
    std::size_t nodes = 0;     // 0 where the CPU computes, and where nobody can count
};

/** Whether more than the CPU was asked for. */
[[nodiscard]] bool asks_for_more(const std::string &accelerator);
/** The CPU, in place of what was asked for; `why` is a part of a sentence. Without a note if nothing else was. */
[[nodiscard]] Accelerator fall_back(const std::string &asked, const std::string &why);
/** What the CPU computes beside an accelerator, for its note: "the CPU computes 5 of 45 nodes: Gather (3), Shape (2)". */
[[nodiscard]] std::string rest_on_cpu(const std::map<std::string, std::size_t> &operators, std::size_t nodes);

/** Bytes by part. */
struct Memory {
    std::uint64_t model = 0, cache = 0, compute = 0;
};

/**
 * Refuses what takes more than is allowed; a runtime that can tell before it takes anything asks then, and the core asks
 * of every one once it is loaded.
 * @param allowed  bytes; 0 allows all
 * @param model  what the sentence begins with
 * @throws Failure(HH_OUT_OF_MEMORY)
 */
void check_memory(const Memory &needed, std::uint64_t allowed, const std::string &model);

/** Threads for inference where nobody asked for a number. */
[[nodiscard]] int default_threads();

/** Writes both into what hh_task_report() gives. */
void report_resources(Json &report, const Memory &memory, const Accelerator &accelerator);

/** Shape `generate`: a causal language model with one sequence whose tokens stay in a cache. */
class GenerateModel {
public:
    virtual ~GenerateModel() = default;

    /** @param special  whether control tokens written as text ("<|im_end|>") become that token */
    [[nodiscard]] virtual std::vector<Token> tokenize(std::string_view text, bool special) const = 0;
    /** Appends the token's bytes, which may be part of a character; nothing for control tokens. */
    virtual void detokenize(Token token, std::string &out) const = 0;
    /** True for tokens that end an answer. */
    [[nodiscard]] virtual bool ends(Token token) const = 0;
    /** The conversation as tokens, by the chat template. Throws Failure(HH_TEMPLATE_FAILED). */
    [[nodiscard]] virtual std::vector<Token> render_chat(std::span<const ChatMessage> messages,
                                                         bool add_generation_prompt) const = 0;

    /**
     * Evaluates tokens after those in the cache, in batches. Throws Cancelled between and inside batches; the cache then
     * holds what position() says.
     * @return the scores (logits) of the token that follows, vocabulary_size() of them; the caller may change them; valid
     *         until the next call
     */
    virtual std::span<float> decode(std::span<const Token> tokens, CancelToken cancel) = 0;
    /** Tokens in the cache. */
    [[nodiscard]] virtual std::size_t position() const = 0;
    /**
     * Keeps the first `length` tokens at most. A model whose state cannot be cut there (recurrent layers, a sliding
     * attention window) keeps fewer: ask position().
     */
    virtual void truncate(std::size_t length) = 0;
    /** Drops `count` tokens after the first `keep` and moves the rest up. False if the model cannot. */
    virtual bool slide(std::size_t keep, std::size_t count) = 0;

    [[nodiscard]] virtual std::size_t context_size() const = 0;     // tokens
    [[nodiscard]] virtual std::size_t vocabulary_size() const = 0;  // tokens
    /** No token stands for more bytes of text than this. */
    [[nodiscard]] virtual std::size_t longest_token() const = 0;
    [[nodiscard]] virtual int threads() const = 0;
    [[nodiscard]] virtual Memory memory() const = 0;
    [[nodiscard]] virtual Accelerator accelerator() const = 0;
    /** Facts of the model for hh_task_info(). */
    [[nodiscard]] virtual Json describe() const = 0;
};

/** What quantised elements stand for: scale * (element - zero_point). */
struct Quantization {
    double scale = 1;
    std::int64_t zero_point = 0;
};

/** One input or output of a model of shape `tensors`. */
struct TensorSpec {
    std::string name;
    hh_dtype dtype = HH_DTYPE_F32;
    std::vector<std::int64_t> shape;  // -1 where any size will do; empty for one element, or where the model says nothing
    std::vector<std::string> axes;    // what the model calls those sizes, "" where it does not; as long as `shape`
    std::optional<Quantization> quantization;  // told, never applied: elements go in and out as they are
};

/** Shape `tensors`: named arrays in, named arrays out. What it keeps between runs is passed in and out like the rest. */
class TensorModel {
public:
    virtual ~TensorModel() = default;

    /** In the model's order; fixed once it is loaded, and read from several threads. */
    [[nodiscard]] virtual const std::vector<TensorSpec> &inputs() const = 0;
    [[nodiscard]] virtual const std::vector<TensorSpec> &outputs() const = 0;
    /**
     * Runs once.
     * @param inputs  one for each of inputs(), type and shape already checked; borrowed for the call
     * @return one for each of outputs(), which stay valid as long as their owners do
     * @throws Cancelled within the granularity that runtime.toml names; Failure(HH_RUNTIME_FAILED)
     */
    virtual std::vector<Tensor> run(std::span<const Tensor> inputs, CancelToken cancel) = 0;
    /** Forgets what the model keeps inside from run to run, where the runtime has such models. */
    virtual void reset() {}

    /** 0 where the runtime takes as many as it likes. */
    [[nodiscard]] virtual int threads() const = 0;
    [[nodiscard]] virtual Memory memory() const = 0;
    [[nodiscard]] virtual Accelerator accelerator() const = 0;
    /** Facts of the model for hh_task_info(), without inputs and outputs. */
    [[nodiscard]] virtual Json describe() const = 0;
};

/** Shape `embed`: a text in, one vector out. */
class EmbedModel {
public:
    virtual ~EmbedModel() = default;

    /** With the tokens that the model wants around a text. What looks like a control token stays plain text. */
    [[nodiscard]] virtual std::vector<Token> tokenize(std::string_view text) const = 0;
    /**
     * @param tokens  as tokenize() gives them, 1 to context_size()
     * @return the vector of the whole text, dimensions() numbers of any length; valid until the next call
     * @throws Cancelled within the granularity that runtime.toml names; Failure(HH_RUNTIME_FAILED)
     */
    virtual std::span<const float> embed(std::span<const Token> tokens, CancelToken cancel) = 0;

    [[nodiscard]] virtual std::size_t dimensions() const = 0;
    [[nodiscard]] virtual std::size_t context_size() const = 0;  // tokens
    [[nodiscard]] virtual int threads() const = 0;
    [[nodiscard]] virtual Memory memory() const = 0;
    [[nodiscard]] virtual Accelerator accelerator() const = 0;
    /** Facts of the model for hh_task_info(), without dimensions and context. */
    [[nodiscard]] virtual Json describe() const = 0;
};

}  // namespace hh
