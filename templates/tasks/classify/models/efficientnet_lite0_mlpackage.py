"""EfficientNet-Lite0's published weights as a Core ML package: efficientnet_lite0_mlpackage.py WEIGHTS PACKAGE.

Coremltools builds the ML Program from the weights as they are; PyTorch has no part in it. Core ML computes with 16-bit
floats, since the Neural Engine knows nothing else; input and output have 32 bits. What is written holds no dates and no
random names: coremltools' own way to save has both.

The network: Tan and Le, "EfficientNet", 2019, table 1, without squeeze-and-excite and with ReLU6 (EfficientNet-Lite).
Input `input` f32[1,3,224,224], (byte - 127) / 128; output `probs` f32[1,1000].
"""

from __future__ import annotations

import json
import shutil
import sys
import uuid
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
from checkpoint import read
from coremltools.converters.mil import Builder as mb

SHAPE = (1, 3, 224, 224)
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of each block's depthwise convolution."""
EPSILON = 1e-3
ROOT = "com.apple.CoreML"


class Network:
    """Operations of an ML Program over the weights of a file."""

    def __init__(self, source: Path) -> None:
        tensors = read(source).items()
        self.weights = {name: np.frombuffer(data, np.float32).reshape(shape) for name, (shape, data) in tensors}

    def convolution(self, x: Any, name: str, norm: str, *, stride: int = 1, clip: bool = True) -> Any:
        """Padded as TensorFlow's SAME is: what is odd goes to the right and below."""
        weight = self.weights[f"{name}.weight"]
        padding = []
        for size, kernel in zip(x.shape[2:], weight.shape[2:], strict=True):
            whole = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            padding += [whole // 2, whole - whole // 2]
        groups = weight.shape[0] if weight.shape[1] == 1 else 1
        x = mb.conv(x=x, weight=weight, strides=[stride] * 2, pad_type="custom", pad=padding, groups=groups)
        parts = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "variance": "running_var"}
        x = mb.batch_norm(
            x=x, epsilon=np.float32(EPSILON), **{part: self.weights[f"{norm}.{name}"] for part, name in parts.items()}
        )
        return mb.relu6(x=x) if clip else x

    def inverted_bottleneck(self, x: Any, name: str, stride: int) -> Any:
        start = x
        if f"{name}._expand_conv.weight" in self.weights:
            x = self.convolution(x, f"{name}._expand_conv", f"{name}._bn0")
        x = self.convolution(x, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride)
        x = self.convolution(x, f"{name}._project_conv", f"{name}._bn2", clip=False)
        return mb.add(x=x, y=start) if stride == 1 and x.shape == start.shape else x

    def whole(self, x: Any) -> Any:
        x = self.convolution(x, "_conv_stem", "_bn0", stride=2)
        for index, stride in enumerate(STRIDES):
            x = self.inverted_bottleneck(x, f"_blocks.{index}", stride)
        x = self.convolution(x, "_conv_head", "_bn1")
        x = mb.reduce_mean(x=x, axes=[2, 3], keep_dims=False)
        x = mb.linear(x=x, weight=self.weights["_fc.weight"], bias=self.weights["_fc.bias"])
        return mb.softmax(x=x, axis=-1, name="probs")


def save(model: ct.models.MLModel, target: Path) -> None:
    """Write a package whose bytes follow from the model alone."""
    specification = model.get_spec()
    specification.description.metadata.userDefined.pop("com.github.apple.coremltools.conversion_date", None)
    folder = target / "Data" / ROOT
    shutil.copytree(model.weights_dir, folder / "weights")
    (folder / "model.mlmodel").write_bytes(specification.SerializeToString(deterministic=True))
    items = {"model.mlmodel": "CoreML Model Specification", "weights": "CoreML Model Weights"}
    ids = {name: str(uuid.uuid5(uuid.NAMESPACE_URL, f"{ROOT}/{name}")) for name in items}
    entries = {
        ids[name]: {"author": ROOT, "description": text, "name": name, "path": f"{ROOT}/{name}"}
        for name, text in items.items()
    }
    manifest = {
        "fileFormatVersion": "1.0.0", "itemInfoEntries": entries, "rootModelIdentifier": ids["model.mlmodel"]
    }  # fmt: skip
    (target / "Manifest.json").write_text(json.dumps(manifest, indent=4) + "\n", encoding="utf-8")


def converted(source: Path, precision: ct.precision = ct.precision.FLOAT16) -> ct.models.MLModel:
    """The ML Program for iOS 17 and macOS 14, and newer, with the weights of a file."""
    network = Network(source)

    @mb.program(input_specs=[mb.TensorSpec(shape=SHAPE)], opset_version=ct.target.iOS17)
    def program(input: Any) -> Any:  # noqa: A002 - the name of the model's input
        return network.whole(input)

    return ct.convert(
        program, convert_to="mlprogram", minimum_deployment_target=ct.target.iOS17, compute_precision=precision,
        skip_model_load=True,
    )  # fmt: skip


if __name__ == "__main__":
    save(converted(Path(sys.argv[1])), Path(sys.argv[2]))
