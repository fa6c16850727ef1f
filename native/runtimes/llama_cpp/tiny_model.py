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


WORDS = ["parrot", "talks", "rain", "##ing"]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
PIECES += [*"abcdefghijklmnopqrstuvwxyz.", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
"""A WordPiece vocabulary; the first five are special."""
BERT_LAYERS, BERT_WIDTH, BERT_HEADS, BERT_HIDDEN, BERT_CONTEXT, BERT_EPSILON = 2, 32, 4, 48, 64, 1e-12


def bert_weights(seed: int = 7) -> dict[str, np.ndarray]:
    """Seeded weights of a BERT encoder, by the names that GGUF has for them; matrices are [out, in]."""
    random = np.random.default_rng(seed)

    def made(*shape: int) -> np.ndarray:
        return (random.standard_normal(shape) * 0.3).astype(np.float32)

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": 1 + made(BERT_WIDTH), f"{name}.bias": made(BERT_WIDTH)}

    weights = {
        "token_embd.weight": made(len(PIECES), BERT_WIDTH),
        "position_embd.weight": made(BERT_CONTEXT, BERT_WIDTH),
    }
    weights |= {"token_types.weight": made(2, BERT_WIDTH)} | norm("token_embd_norm")
    for layer in range(BERT_LAYERS):
        block = f"blk.{layer}."
        matrices = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), (BERT_WIDTH, BERT_WIDTH))
        matrices |= {"ffn_up": (BERT_HIDDEN, BERT_WIDTH), "ffn_down": (BERT_WIDTH, BERT_HIDDEN)}
        for name, shape in matrices.items():
            weights |= {f"{block}{name}.weight": made(*shape), f"{block}{name}.bias": made(shape[0])}
        weights |= norm(f"{block}attn_output_norm") | norm(f"{block}layer_output_norm")
    return weights


def write_tiny_bert(path: Path, pooling: gguf.PoolingType | None = gguf.PoolingType.MEAN, seed: int = 7) -> Path:
    """Writes a BERT GGUF (about 70 kB, f32) as convert_hf_to_gguf.py would, and returns its path."""
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("Tiny BERT")
    writer.add_license("apache-2.0")
    writer.add_block_count(BERT_LAYERS)
    writer.add_context_length(BERT_CONTEXT)
    writer.add_embedding_length(BERT_WIDTH)
    writer.add_feed_forward_length(BERT_HIDDEN)
    writer.add_head_count(BERT_HEADS)
    writer.add_layer_norm_eps(BERT_EPSILON)
    writer.add_causal_attention(False)
    if pooling is not None:
        writer.add_pooling_type(pooling)
    writer.add_tokenizer_model("bert")
    writer.add_token_type_count(2)
    # GGUF marks where words begin, WordPiece where they go on.
    special = gguf.TokenType.CONTROL
    words = [piece[2:] if piece.startswith("##") else f"\u2581{piece}" for piece in PIECES[5:]]
    writer.add_token_list([*PIECES[:5], *words])
    writer.add_token_types([special if place < 5 else gguf.TokenType.NORMAL for place in range(len(PIECES))])
    # The key of [SEP] is spelt so.
    for name, place in (
        ("padding", 0),
        ("unknown", 1),
        ("cls", 2),
        ("seperator", 3),
        ("mask", 4),
        ("bos", 2),
        ("eos", 3),
    ):
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", place)
    for name, values in bert_weights(seed).items():
        writer.add_tensor(name, values)
    finish(writer)
    return path


def tiny_embed(folder: Path) -> str:
    """What `--model` takes: a model of shape `embed`, made in `folder`."""
    return str(write_tiny_bert(folder / "tiny-bert.gguf"))
