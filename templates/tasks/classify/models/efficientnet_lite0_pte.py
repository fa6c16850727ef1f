"""EfficientNet-Lite0's published weights as an ExecuTorch program for XNNPACK: efficientnet_lite0_pte.py WEIGHTS FILE."""

from __future__ import annotations

import sys

import torch
from efficientnet_lite0_torch import SHAPE, network
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower


def main(source: str, target: str) -> None:
    exported = torch.export.export(network(source), (torch.zeros(SHAPE),))
    lowered = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])
    calls = [node.target for node in lowered.exported_program().graph.nodes if node.op == "call_function"]
    # One call, and the reading of its result: what is left to the portable kernels takes a hundred times longer.
    assert len(calls) == 2, calls
    with open(target, "wb") as file:
        lowered.to_executorch().write_to_file(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
