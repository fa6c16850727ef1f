"""The C++ test programs, on every runtime: the same scenario, and the calls from several threads."""

from __future__ import annotations

from core.conftest import Core
from handheld.tools import Tools
from native.support import run_checks


def test_the_scenario_holds_on_every_runtime(core: Core, tools: Tools) -> None:
    checks = run_checks(core.programs / "scenario", [core.manifest, core.weights], tools)
    assert checks.failed == 0, checks.output
    assert checks.done > 150


def test_the_scenario_of_tensors_holds_on_every_runtime(tensor_core: Core, tools: Tools) -> None:
    program, otherwise = tensor_core.programs / "tensors", tensor_core.otherwise
    checks = run_checks(program, [tensor_core.manifest, tensor_core.weights, *otherwise], tools)
    assert checks.failed == 0, checks.output
    assert checks.done > 400


def test_the_scenario_of_embed_holds_on_every_runtime(embed_core: Core, tools: Tools) -> None:
    checks = run_checks(embed_core.programs / "embed", [embed_core.manifest, embed_core.weights], tools)
    assert checks.failed == 0, checks.output
    assert checks.done > 200


def test_cancel_from_another_thread_hits_only_the_run_it_names(core: Core, tools: Tools) -> None:
    checks = run_checks(core.programs / "threads", [core.manifest, "60"], tools)
    assert checks.failed == 0, checks.output
    assert checks.done > 200


def test_a_program_that_does_not_report_has_failed(tools: Tools) -> None:
    checks = run_checks(tools.require("true"), [], tools)
    assert checks.failed > 0
