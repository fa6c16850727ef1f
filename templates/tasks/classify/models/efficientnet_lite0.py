"""EfficientNet-Lite0's published weights as an ONNX file: python3 efficientnet_lite0.py WEIGHTS.pth MODEL.onnx.

Needs Python alone. Every weight is copied, none computed with: the same input gives the same bytes on every machine.
The network: Tan and Le, "EfficientNet", 2019, table 1, without squeeze-and-excite and with ReLU6 (EfficientNet-Lite).
Input `input` f32[1,3,224,224], (byte - 127) / 128; output `probs` f32[1,1000].
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from checkpoint import read

FLOAT, INT, STRING, INTS = 1, 2, 3, 7  # AttributeProto.AttributeType
FLOAT32 = 1  # TensorProto.DataType
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of each block's depthwise convolution."""
EPSILON = 1e-3


# Protocol buffers, as far as onnx.proto needs them.


def varint(number: int) -> bytes:
    """A whole number; negative ones as 64 bits."""
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, data: bytes | str) -> bytes:
    """Bytes, a text or a message."""
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def single(field: int, value: float) -> bytes:
    return varint(field << 3 | 5) + struct.pack("<f", value)


def attribute(name: str, value: float | str | Sequence[int]) -> bytes:
    head = block(1, name)
    if isinstance(value, float):
        return head + single(2, value) + number(20, FLOAT)
    if isinstance(value, int):
        return head + number(3, value) + number(20, INT)
    if isinstance(value, str):
        return head + block(4, value) + number(20, STRING)
    return head + b"".join(number(8, item) for item in value) + number(20, INTS)


def tensor(name: str, shape: Sequence[int], data: bytes) -> bytes:
    return b"".join(number(1, size) for size in shape) + number(2, FLOAT32) + block(8, name) + block(9, data)


def value_info(name: str, shape: Sequence[int]) -> bytes:
    sizes = b"".join(block(1, number(1, size)) for size in shape)
    return block(1, name) + block(2, block(1, number(1, FLOAT32) + block(2, sizes)))


# The network.


class Graph:
    """Nodes in the order in which they run; each gives one tensor, named after what it is."""

    def __init__(self, weights: dict[str, tuple[tuple[int, ...], bytes]]) -> None:
        self.weights, self.nodes, self.tensors = weights, [], []
        self.constant("zero", 0.0)
        self.constant("six", 6.0)

    def constant(self, name: str, value: float) -> None:
        self.tensors.append(block(5, tensor(name, (), struct.pack("<f", value))))

    def take(self, name: str) -> str:
        self.tensors.append(block(5, tensor(name, *self.weights[name])))
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: float | str | Sequence[int]) -> str:
        parts = [block(1, name) for name in inputs] + [block(2, output), block(3, output), block(4, kind)]
        parts += [block(5, attribute(name, value)) for name, value in attributes.items()]
        self.nodes.append(block(1, b"".join(parts)))
        return output

    def convolution(self, x: str, name: str, norm: str, *, stride: int = 1, clip: bool = True) -> str:
        shape, _ = self.weights[f"{name}.weight"]
        group = shape[0] if shape[1] == 1 else 1
        x = self.node(
            "Conv", [x, self.take(f"{name}.weight")], name,
            kernel_shape=shape[2:], strides=(stride, stride), group=group, auto_pad="SAME_UPPER",
        )  # fmt: skip
        norms = [self.take(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        x = self.node("BatchNormalization", [x, *norms], norm, epsilon=EPSILON)
        return self.node("Clip", [x, "zero", "six"], f"{norm}.relu6") if clip else x

    def inverted_bottleneck(self, x: str, name: str, stride: int) -> str:
        start, width = x, self.weights[f"{name}._depthwise_conv.weight"][0][0]
        if f"{name}._expand_conv.weight" in self.weights:
            width = self.weights[f"{name}._expand_conv.weight"][0][1]
            x = self.convolution(x, f"{name}._expand_conv", f"{name}._bn0")
        x = self.convolution(x, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride)
        x = self.convolution(x, f"{name}._project_conv", f"{name}._bn2", clip=False)
        same = stride == 1 and width == self.weights[f"{name}._project_conv.weight"][0][0]
        return self.node("Add", [x, start], f"{name}.sum") if same else x


def network(weights: dict[str, tuple[tuple[int, ...], bytes]]) -> Iterator[bytes]:
    """The fields of a ModelProto."""
    graph = Graph(weights)
    x = graph.convolution("input", "_conv_stem", "_bn0", stride=2)
    for index, stride in enumerate(STRIDES):
        x = graph.inverted_bottleneck(x, f"_blocks.{index}", stride)
    x = graph.convolution(x, "_conv_head", "_bn1")
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x], "pool")], "features")
    x = graph.node("Gemm", [x, graph.take("_fc.weight"), graph.take("_fc.bias")], "logits", transB=1)
    graph.node("Softmax", [x], "probs", axis=1)
    ends = [block(11, value_info("input", (1, 3, 224, 224))), block(12, value_info("probs", (1, 1000)))]
    yield number(1, 8)  # IR version
    yield block(7, b"".join([*graph.nodes, block(2, "efficientnet_lite0"), *graph.tensors, *ends]))
    yield block(8, block(1, "") + number(2, 13))  # operator set


def main(source: str, target: str) -> None:
    weights = read(Path(source))
    assert sum(math.prod(shape) for shape, _ in weights.values()) > 4_600_000
    with Path(target).open("wb") as out:
        out.writelines(network(weights))


if __name__ == "__main__":
    main(*sys.argv[1:])
