"""A language model of a few kilobytes, made in the test: real format, real tokenizer, random but seeded weights."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LAYERS, WIDTH, HEADS, KV_HEADS, HIDDEN, CONTEXT = 2, 64, 4, 2, 96, 512


def byte_alphabet() -> list[str]:
    """GPT-2's printable stand-ins for the 256 bytes (Radford et al. 2019, `bytes_to_unicode`)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    stand_ins = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in stand_ins:
            stand_ins[byte] = chr(256 + len(stand_ins) - len(printable))
    return [stand_ins[byte] for byte in range(256)]


def write_tiny_model(
    path: Path,
    *,
    chat_template: str | None = CHATML,
    seed: int = 7,
    quantization: str = "F32",
    norm_type: str = "F32",
) -> Path:
    """Writes a Llama-architecture GGUF (about 400 kB, f32) and returns its path. Same arguments, same bytes.

    `quantization` is that of the matrices, for example "Q4_0". With a `norm_type` other than "F32" no arithmetic fits
    the model: its header is in order, and ggml's own check fails at the first token.
    """
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Tiny")
    writer.add_license("apache-2.0")
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)

    alphabet = byte_alphabet()
    tokens = [*alphabet, "<|endoftext|>", "<|im_start|>", "<|im_end|>", alphabet[ord("t")] + "h"]
    kinds = [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * 3 + [gguf.TokenType.NORMAL]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(256)
    writer.add_eos_token_id(258)
    writer.add_add_bos_token(False)
    if chat_template is not None:
        writer.add_chat_template(chat_template)

    random = np.random.default_rng(seed)

    kind = gguf.GGMLQuantizationType[quantization]

    def tensor(name: str, *shape: int) -> None:
        values = (random.standard_normal(shape) * 0.3).astype(np.float32)
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)

    def norm(name: str) -> None:
        odd = None if norm_type == "F32" else gguf.GGMLQuantizationType[norm_type]
        writer.add_tensor(name, np.ones(WIDTH, dtype=np.float32 if odd is None else np.int32), raw_dtype=odd)

    tensor("token_embd.weight", len(tokens), WIDTH)
    tensor("output.weight", len(tokens), WIDTH)
    norm("output_norm.weight")
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        norm(f"{block}attn_norm.weight")
        norm(f"{block}ffn_norm.weight")
        kv_width = WIDTH // HEADS * KV_HEADS
        tensor(f"{block}attn_q.weight", WIDTH, WIDTH)
        tensor(f"{block}attn_k.weight", kv_width, WIDTH)
        tensor(f"{block}attn_v.weight", kv_width, WIDTH)
        tensor(f"{block}attn_output.weight", WIDTH, WIDTH)
        tensor(f"{block}ffn_gate.weight", HIDDEN, WIDTH)
        tensor(f"{block}ffn_up.weight", HIDDEN, WIDTH)
        tensor(f"{block}ffn_down.weight", WIDTH, HIDDEN)
    finish(writer)
    return path


def finish(writer: gguf.GGUFWriter) -> None:
    """Writes what was added, and closes the file."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tiny_model(folder: Path) -> str:
    """What `--model` takes: a model made in `folder`."""
    return str(write_tiny_model(folder / "tiny.gguf"))
