// A plain program over llama.cpp, what the core is measured against: bench_plain <model.gguf> <max_tokens> <tokens file>
// <context>. Same library, same greedy choice, the prompt given as tokens. One line of JSON for each line of input.
#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "bench.hpp"

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_backend_init();
    llama_model_params model_params = llama_model_default_params();
    model_params.n_gpu_layers = 0;
    llama_model *model = llama_model_load_from_file(argv[1], model_params);
    if (model == nullptr) return 1;
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<std::uint32_t>(std::atoi(argv[4]));
    params.n_batch = params.n_ubatch = 512;
    params.n_threads = params.n_threads_batch = 1;
    llama_context *context = llama_init_from_model(model, params);
    if (context == nullptr) return 1;
    const llama_vocab *vocab = llama_model_get_vocab(model);
    llama_sampler *sampler = llama_sampler_init_greedy();
    std::ifstream file(argv[3]);
    std::vector<llama_token> prompt{std::istream_iterator<llama_token>(file), {}};
    const int limit = std::atoi(argv[2]);

    for (std::string line; std::getline(std::cin, line);) {
        llama_memory_clear(llama_get_memory(context), true);
        std::string text;
        int count = 0;
        const double start = cpu_seconds();
        double first = start;
        llama_batch batch = llama_batch_get_one(prompt.data(), static_cast<std::int32_t>(prompt.size()));
        llama_token token = 0;
        while (llama_decode(context, batch) == 0) {
            token = llama_sampler_sample(sampler, context, -1);
            if (count == 0) first = cpu_seconds();
            if (llama_vocab_is_eog(vocab, token)) break;
            char piece[256];
            const int length = llama_token_to_piece(vocab, token, piece, sizeof piece, 0, false);
            text.append(piece, length > 0 ? static_cast<std::size_t>(length) : 0);
            if (++count >= limit) break;
            batch = llama_batch_get_one(&token, 1);
        }
        const double done = cpu_seconds();
        std::printf("{\"prompt_s\": %.9f, \"generate_s\": %.9f, \"tokens\": %d, \"peak_kb\": %ld}\n", first - start,
                    done - first, count - 1, peak_kilobytes());
        std::fflush(stdout);
    }
    llama_sampler_free(sampler);
    llama_free(context);
    llama_model_free(model);
    return 0;
}
