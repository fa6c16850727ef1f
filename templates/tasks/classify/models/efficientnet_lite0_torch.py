"""EfficientNet-Lite0 as a PyTorch module with its published weights, for the formats that only a compiler writes.

The network: Tan and Le, "EfficientNet", 2019, table 1, without squeeze-and-excite and with ReLU6 (EfficientNet-Lite).
Input `input` f32[1,3,224,224], (byte - 127) / 128; output `probs` f32[1,1000]. Needs torch.
"""

from __future__ import annotations

from pathlib import Path

import torch
from checkpoint import read
from torch import nn
from torch.nn import functional

INPUT, OUTPUT = "input", "probs"
SHAPE = (1, 3, 224, 224)
EPSILON = 1e-3
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320))  # fmt: skip
"""Blocks, kernel, stride of the first, expansion, channels that come out."""


class Convolution(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow's SAME is: what is odd goes to the right and below."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels, out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        padding = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size, self.stride, strict=True):
            whole = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            padding += [whole // 2, whole - whole // 2]
        return super().forward(functional.pad(x, padding) if any(padding) else x)


def norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON)


class Block(nn.Module):
    """An inverted bottleneck."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = channels * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = Convolution(channels, width, 1), norm(width)
        self._depthwise_conv, self._bn1 = Convolution(width, width, kernel, stride, groups=width), norm(width)
        self._project_conv, self._bn2 = Convolution(width, out, 1), norm(out)
        self.wide, self.same = expansion > 1, stride == 1 and channels == out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        start = x
        if self.wide:
            x = functional.relu6(self._bn0(self._expand_conv(x)))
        x = functional.relu6(self._bn1(self._depthwise_conv(x)))
        x = self._bn2(self._project_conv(x))
        return x + start if self.same else x


class EfficientNetLite0(nn.Module):
    """The whole network; its parts are named as those of the published weights."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = Convolution(3, 32, 3, 2), norm(32)
        channels, blocks = 32, []
        for count, kernel, stride, expansion, out in STAGES:
            for index in range(count):
                blocks.append(Block(channels, out, kernel, 1 if index else stride, expansion))
                channels = out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1, self._fc = Convolution(channels, 1280, 1), norm(1280), nn.Linear(1280, 1000)

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - the name of the model's input
        x = functional.relu6(self._bn0(self._conv_stem(input)))
        for block in self._blocks:
            x = block(x)
        x = functional.relu6(self._bn1(self._conv_head(x)))
        return torch.softmax(self._fc(x.mean((-1, -2), keepdim=True).flatten(1)), 1)


def network(weights: str) -> EfficientNetLite0:
    """The network with the weights of a file, ready to run; every one of them has to be there."""
    model = EfficientNetLite0()
    found = {
        name: torch.frombuffer(bytearray(data), dtype=torch.float32).reshape(shape)
        for name, (shape, data) in read(Path(weights)).items()
    }
    wanted = {name for name in model.state_dict() if not name.endswith("num_batches_tracked")}
    assert found.keys() == wanted, sorted(found.keys() ^ wanted)
    model.load_state_dict(found, strict=False)
    return model.eval()
