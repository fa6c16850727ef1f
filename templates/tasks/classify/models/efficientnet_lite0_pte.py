"""EfficientNet-Lite0's published weights as an ExecuTorch program for XNNPACK: efficientnet_lite0_pte.py WEIGHTS FILE."""

from __future__ import annotations

import json
import sys

import torch
from efficientnet_lite0_torch import INPUT, OUTPUT, SHAPE, network
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower
from executorch.exir.passes import MemoryPlanningPass


def main(source: str, target: str) -> None:
    exported = torch.export.export(network(source), (torch.zeros(SHAPE),))
    # A program has no names for what goes in and out; the runtime asks this method for them.
    names = json.dumps({"inputs": [{"name": INPUT}], "outputs": [{"name": OUTPUT}]})
    lowered = to_edge_transform_and_lower(
        exported, partitioner=[XnnpackPartitioner()], constant_methods={"handheld_io": names}
    )
    calls = [node.target for node in lowered.exported_program().graph.nodes if node.op == "call_function"]
    # One call, and the reading of its result: what is left to the portable operators takes a hundred times longer.
    assert len(calls) == 2, calls
    # Input and output stay where the caller has them, without a copy.
    planning = MemoryPlanningPass(alloc_graph_input=False, alloc_graph_output=False)
    with open(target, "wb") as file:
        lowered.to_executorch(ExecutorchBackendConfig(memory_planning_pass=planning)).write_to_file(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
