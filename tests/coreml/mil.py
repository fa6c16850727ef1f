"""A reference interpreter for ML Programs: computes a saved .mlpackage in NumPy, where there is no Core ML.

It knows the operations that our converters write, and refuses others by name. Everything is computed in 32-bit floats,
weights as they are stored: so it shows that graph and weights are right, and nothing of Apple's 16-bit arithmetic, its
GPU or the Neural Engine. Definitions: coremltools' MIL Ops Reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import coremltools as ct
import numpy as np
from coremltools.converters.mil.frontend.milproto.load import load
from coremltools.converters.mil.mil.types.symbolic import is_symbolic
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Inputs: TypeAlias = Mapping[str, Any]


class UnknownOperationError(Exception):
    """The program has an operation that this does not know."""


class Program:
    """A package's function `main`."""

    def __init__(self, package: Path) -> None:
        model = ct.models.MLModel(str(package), skip_model_load=True)
        specification = model.get_spec()
        self._program = load(
            specification,
            specification_version=specification.specificationVersion,
            file_weights_dir=str(model.weights_dir or package),
        ).functions["main"]
        features = specification.description
        self.inputs = [feature.name for feature in features.input]
        self.outputs = [feature.name for feature in features.output]

    @property
    def operations(self) -> list[str]:
        """The kinds of operations that compute something, in order."""
        return [operation.op_type for operation in self._program.operations if not _is_constant(operation)]

    def run(self, inputs: Mapping[str, Floats]) -> dict[str, Floats]:
        """The outputs by name, for inputs by name."""
        assert set(inputs) == set(self.inputs), f"the model takes {self.inputs}"
        known: dict[str, Any] = dict(inputs)
        for operation in self._program.operations:
            if _is_constant(operation):
                continue
            if operation.op_type not in OPERATIONS:
                raise UnknownOperationError(operation.op_type)
            values = {name: _value(variable, known) for name, variable in operation.inputs.items()}
            (output,) = operation.outputs
            result = OPERATIONS[operation.op_type](values)
            assert _fits(result, output.shape), f"{operation.name}: {result.shape}, not {output.shape}"
            known[output.name] = _as_computed(result)
        return {name: known[name] for name in self.outputs}


def _fits(result: Floats, shape: Sequence[Any]) -> bool:
    """Whether an array has a shape, in which free sizes are symbols."""
    sizes = zip(result.shape, shape, strict=False)
    return result.ndim == len(shape) and all(is_symbolic(size) or own == size for own, size in sizes)


def _is_constant(operation: Any) -> bool:
    return bool(operation.op_type == "const")


def _value(variable: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(variable, list | tuple):
        return [_value(each, known) for each in variable]
    if variable is None or variable.name in known:
        return known[variable.name] if variable is not None else None
    return _as_computed(variable.val)


def _as_computed(value: Any) -> Any:
    """Floats as 32 bits, whatever they are stored in."""
    return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == np.float16 else value


# The operations. Arrays are [batch, channels, height, width].


def _convolution(inputs: Inputs) -> Floats:
    x, weight = inputs["x"], inputs["weight"]
    strides, dilations = _two(inputs.get("strides")), _two(inputs.get("dilations"))
    groups = int(inputs["groups"]) if inputs.get("groups") is not None else 1
    if inputs["pad_type"] == "custom":
        pad = [int(size) for size in inputs["pad"]]
        x = np.pad(x, [(0, 0), (0, 0), (pad[0], pad[1]), (pad[2], pad[3])])
    elif inputs["pad_type"] != "valid":
        raise UnknownOperationError(f"conv with pad_type {inputs['pad_type']}")
    out_channels, per_group, *kernel = weight.shape
    sizes = [
        (size - dilation * (k - 1) - 1) // stride + 1
        for size, k, stride, dilation in zip(x.shape[2:], kernel, strides, dilations, strict=True)
    ]
    y = np.zeros((x.shape[0], groups, out_channels // groups, sizes[0] * sizes[1]), np.float32)
    grouped = weight.reshape(groups, out_channels // groups, per_group, *kernel)
    for row, column in product(range(kernel[0]), range(kernel[1])):
        top, left = row * dilations[0], column * dilations[1]
        part = x[:, :, top : top + sizes[0] * strides[0] : strides[0], left : left + sizes[1] * strides[1] : strides[1]]
        part = part[:, :, : sizes[0], : sizes[1]].reshape(x.shape[0], groups, per_group, -1)
        y += np.matmul(grouped[:, :, :, row, column], part)
    y = y.reshape(x.shape[0], out_channels, *sizes)
    return y if inputs.get("bias") is None else y + inputs["bias"].reshape(1, -1, 1, 1)


def _two(value: Sequence[int] | None) -> tuple[int, int]:
    return (1, 1) if value is None else (int(value[0]), int(value[1]))


def _batch_norm(inputs: Inputs) -> Floats:
    mean, variance, gamma, beta = (inputs[name].reshape(1, -1, 1, 1) for name in ("mean", "variance", "gamma", "beta"))
    return np.asarray((inputs["x"] - mean) / np.sqrt(variance + inputs["epsilon"]) * gamma + beta)


def _softmax(inputs: Inputs) -> Floats:
    axis = int(inputs["axis"])
    powers = np.exp(inputs["x"] - inputs["x"].max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def _reduce_mean(inputs: Inputs) -> Floats:
    axes = tuple(int(axis) for axis in inputs["axes"])
    return np.asarray(inputs["x"].mean(axes, dtype=np.float32, keepdims=bool(inputs["keep_dims"])))


def _cast(inputs: Inputs) -> Any:
    if inputs["dtype"] not in {"fp16", "fp32"}:
        raise UnknownOperationError(f"cast to {inputs['dtype']}")
    return inputs["x"].astype(np.float32)


OPERATIONS: Mapping[str, Callable[[Inputs], Any]] = {
    "add": lambda inputs: inputs["x"] + inputs["y"],
    "batch_norm": _batch_norm,
    "cast": _cast,
    "conv": _convolution,
    "identity": lambda inputs: inputs["x"],
    "linear": lambda inputs: inputs["x"] @ inputs["weight"].T + inputs["bias"],
    "mul": lambda inputs: inputs["x"] * inputs["y"],
    "reduce_mean": _reduce_mean,
    "relu6": lambda inputs: np.clip(inputs["x"], 0, 6),
    "reshape": lambda inputs: inputs["x"].reshape([int(size) for size in inputs["shape"]]),
    "softmax": _softmax,
}
"""What is known, by its name in MIL."""
