"""Spread a GGUF into the folder that the server reads: python spread.py MODEL.gguf FOLDER.

Every weight becomes the 32-bit number that its quantised form stands for, so the server computes with the very weights
of the phone. Needs the packages of requirements.txt; nothing is fetched.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Write config.json, the tokenizer and model.safetensors; exit code 2 and a sentence for a model that cannot be."""
    import torch  # noqa: PLC0415 - seconds, and not needed to refuse
    from safetensors.torch import save_file  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    gguf, folder = map(Path, arguments)
    try:
        where = {"gguf_file": gguf.name, "local_files_only": True}
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **where)
        model = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **where)
    except (ValueError, KeyError, NotImplementedError, RuntimeError) as error:
        print(f"transformers cannot read this model: {error}")  # noqa: T201 - what the caller shows
        return 2
    tokenizer.save_pretrained(folder)
    model.config.save_pretrained(folder)
    config = folder / "config.json"
    told = json.loads(config.read_text(encoding="utf-8"))
    told.pop("quantization_config", None)  # the weights are no longer quantised
    told |= {"architectures": [type(model).__name__], "dtype": "float32"}
    config.write_text(json.dumps(told, indent=1), encoding="utf-8")
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)  # the embedding's; stored once
    # Not model.save_pretrained: it refuses a model that came from a GGUF.
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
