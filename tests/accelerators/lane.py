"""Accelerators on a device made of software: PYTHONPATH=tests python -m accelerators.lane [--write] [RUNTIME ...].

Every model is run on the CPU and, asked for a GPU, three times: with a device, with the loader of its drivers alone,
and with neither. With a device the nodes that it took are compared with what is known of the model, and its answer
with the CPU's; without one the answer is the CPU's, bit for bit, and the report says why. --write keeps the figures in
docs/generated/accelerators.json and .md.
"""

from __future__ import annotations

import ctypes.util
import json
import math
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelerators import vulkan
from accelerators.device import Device, find_device
from accelerators.models import Case, cases
from handheld.build import build_app
from handheld.copying import link
from handheld.facts import gather_host
from handheld.libraries import Library, fetch_libraries
from handheld.progress import SilentProgress
from handheld.render import RenderedApp
from handheld.tools import Tools, open_tools, python
from helpers.debian import NoPackagesError
from native.records import add_record
from native.support import render, render_tasks, tiny_file

WORK = Path("build/accelerators")
RESULTS, PAGE = Path("docs/generated/accelerators.json"), Path("docs/generated/accelerators.md")
WRITE = "--write"
NOTHING, LOADER, DEVICE = "nothing", "the loader alone", "a device"
"""What a process can see."""
LIMIT = 900
"""Seconds for one run: the first one compiles every shader on the processor."""
WEBGPU = Library(
    name="libonnxruntime.so",
    os="linux",
    arch="x86_64",
    pypi="onnxruntime-webgpu==1.27.0",
    python="3.11",
    sha256="142eb8bdb803c58117bf64164d201f43180bc87229cac14b590aa4ea79e0f70b",
    bytes=25149948,
    member="onnxruntime/capi/libonnxruntime.so.1.27.0",
)
"""onnxruntime with a provider for GPUs; the build that apps have on computers computes on the CPU alone."""
REPLACED = {"onnxruntime": (WEBGPU,)}
"""By runtime: libraries that take the place of those that a build puts beside the core."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one process printed: report and outputs, or nothing but why it failed."""

    report: Mapping[str, Any]
    outputs: Mapping[str, Sequence[float]]
    version: str = ""
    failure: str = ""

    @property
    def used(self) -> str:
        """What computed."""
        return str(self.report.get("accelerator", self.failure))

    @property
    def note(self) -> str:
        """Why it is nothing better."""
        return str(self.report.get("accelerator_note", ""))

    @property
    def nodes(self) -> tuple[int, int]:
        """How many the accelerator took, of how many."""
        return int(self.report.get("accelerator_nodes", 0)), int(self.report.get("graph_nodes", 0))


@dataclass(frozen=True, slots=True)
class Lane:
    """A runtime's core with the libraries that it opens, and the device."""

    library: Path
    manifests: Mapping[str, Path]
    device: Device
    tools: Tools

    def run(self, case: Case, asked: str, sees: str, library: Path | None = None) -> Ran:
        """Run a model once, in a process that sees a device, the loader alone, or nothing."""
        environ = {} if sees == NOTHING else self.device.environ(driver=sees == DEVICE)
        program = Path(__file__).with_name("probe.py")
        argv: list[str | Path] = [python(), program, library or self.library, self.manifests[case.task]]
        argv += [case.model, asked, case.port, case.text]
        done = self.tools.run(argv, env=environ, timeout=LIMIT, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode != 0 or not lines:
            return Ran({}, {}, failure=f"ended with exit code {done.returncode}: {done.stderr[-500:]}")
        said = json.loads(lines[-1])
        if "report" not in said:
            return Ran({}, {}, failure=str(said["message"]))
        return Ran(said["report"], said["outputs"], str(said["version"]))


def difference(one: Ran, other: Ran) -> float:
    """The largest difference of two numbers at the same place, relative to the largest number of that output."""
    worst = 0.0
    for name, numbers in other.outputs.items():
        scale = max(1e-30, *map(abs, numbers))
        apart = [abs(a - b) / scale for a, b in zip(one.outputs.get(name, ()), numbers, strict=True)]
        worst = max(worst, *(math.inf if math.isnan(number) else number for number in apart))
    return worst


def on_device(case: Case, ran: Ran, cpu: Ran) -> list[str]:
    """What is wrong with a run that had a device; empty when nothing is."""
    wrong = []
    if ran.used != "gpu":
        return [f"computed by {ran.used}: {ran.note}"]
    if ran.nodes != case.nodes:
        wrong.append(f"took {ran.nodes[0]} of {ran.nodes[1]} nodes, not {case.nodes[0]} of {case.nodes[1]}")
    if not ran.note.startswith(case.note) or bool(ran.note) != bool(case.note):
        wrong.append(f"says {ran.note!r}, not {case.note!r}")
    apart = difference(ran, cpu)
    if (apart > case.tolerance) != case.known_wrong:
        wrong.append(f"differs by {apart:.2g}, {'not ' if case.known_wrong else ''}more than {case.tolerance:g}")
    return wrong


def without(ran: Ran, cpu: Ran, asked: str, part: str = "") -> list[str]:
    """What is wrong with a run that could only fall back; empty when nothing is."""
    wrong = []
    if ran.used != "cpu":
        wrong.append(f"computed by {ran.used}")
    if not ran.note.startswith(f"{asked} was asked for; ") or part not in ran.note:
        wrong.append(f"says {ran.note!r}")
    if ran.nodes != (0, 0):
        wrong.append(f"says that something took {ran.nodes[0]} nodes")
    if ran.outputs != cpu.outputs or not ran.outputs:
        wrong.append("gives another answer than the CPU")
    return wrong


def row(case: Case, sees: str, asked: str, ran: Ran, cpu: Ran) -> dict[str, object]:
    """A line of the record."""
    taken, nodes = ran.nodes
    return {
        "runtime": case.runtime, "version": ran.version, "model": case.title, "sees": sees, "asked": asked,
        "used": ran.used, "device": ran.report.get("device", ""), "taken": taken, "nodes": nodes,
        "difference": difference(ran, cpu) if ran.outputs else None, "note": ran.note,
    }  # fmt: skip


def run_case(case: Case, lane: Lane, surroundings: Sequence[str]) -> tuple[list[dict[str, object]], int]:
    """Run one model everywhere; gives its rows, and how many of them are not as they have to be."""
    cpu = lane.run(case, "cpu", surroundings[0])
    rows, failed = [], 0
    asked = [(sees, "gpu") for sees in surroundings] + [(surroundings[0], "npu")]
    for sees, wanted in asked:
        ran = lane.run(case, wanted, sees)
        alone = sees != DEVICE or wanted == "npu"
        wrong = without(ran, cpu, wanted) if alone else on_device(case, ran, cpu)
        failed += bool(wrong)
        rows.append(row(case, sees, wanted, ran, cpu))
        title = f"{case.runtime}, {case.title}, {wanted} asked for, {sees} there"
        share = f" for {ran.nodes[0]} of {ran.nodes[1]} nodes" if ran.nodes[1] else ""
        print(f"{'FAILED' if wrong else 'passed'}  {title}: {ran.used}{share}; {ran.note or 'no note'}", flush=True)
        for sentence in wrong:
            print(f"        {sentence}")
    return rows, failed


def prepare(runtime: str, folder: Path, device: Device, tools: Tools) -> tuple[Lane, Path]:
    """Render and build an app; gives the lane, and the core with the libraries that apps get."""
    if runtime == vulkan.RUNTIME:
        work = WORK.absolute()
        models = {task: tiny_file(runtime, shape, folder) for task, shape in vulkan.SHAPES.items()}
        app = render_tasks(work / "app", runtime, models, tools)
        built = vulkan.build_core(app, work, tools)
        return Lane(built, manifests(app), device, tools), built
    app = render(folder / "app", runtime, tiny_file(runtime, "tensors", folder), tools, task="tensors")
    built = build_app(app, tools, SilentProgress()).library
    beside = copy_of(built.parent, folder / "lib")
    machine = gather_host(folder)
    instead = fetch_libraries(REPLACED.get(runtime, ()), machine.os, machine.arch, tools, SilentProgress())
    for name, path in instead.items():
        (beside / name).unlink()
        link(path, beside / name)
    return Lane(beside / built.name, manifests(app), device, tools), built


def manifests(app: RenderedApp) -> dict[str, Path]:
    """Each task's task.json."""
    return {task.name: app.directory / task.manifest for task in app.lock.tasks}


def copy_of(libraries: Path, folder: Path, without_: str = "") -> Path:
    """A folder with the same libraries, but those whose names have a certain part."""
    folder.mkdir()
    for path in libraries.iterdir():
        if path.is_file() and not (without_ and without_ in path.name):
            link(path, folder / path.name)
    return folder


def missing_library(runtime: str, lane: Lane, shipped: Path, folder: Path) -> tuple[str, Path]:
    """A core that lacks the runtime's library for GPUs, and what the note has to say of that."""
    if runtime in REPLACED:
        return "has no WebGPU", shipped
    part, said = "Accelerator", "library for GPUs is not here"
    if runtime == vulkan.RUNTIME:
        part, said = "vulkan", "libggml-vulkan.so: cannot open shared object file"
    return said, copy_of(lane.library.parent, folder / "without", part) / shipped.name


def page(history: Sequence[Mapping[str, Any]]) -> str:
    """accelerators.md: the newest run, a table."""
    entry = history[-1]
    lines = [
        "# Accelerators",
        "",
        "Written by `nox -s accelerators -- --write`; do not edit. The device is a GPU made of software: Mesa's",
        f"lavapipe {entry['mesa']}. It says what works and what is reported, not how fast a phone is.",
        "",
        f"{entry['date']}, commit {entry['commit']}, {entry['cpu']}. The difference is the largest one to the CPU's",
        "answer, relative to the largest number of that output; of a language model, log-probabilities of a prompt's",
        "tokens.",
        "",
        "| runtime | model | asked for | there is | computed by | nodes | difference | the report says |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in entry["rows"]:
        used = f"{one['used']} ({one['device']})" if one["device"] else one["used"]
        share = f"{one['taken']} of {one['nodes']}" if one["nodes"] else ""
        apart = "" if one["difference"] is None else f"{one['difference']:.2g}"
        cells = (f"{one['runtime']} {one['version']}", one["model"], one["asked"], one["sees"], used, share, apart)
        lines.append(f"| {' | '.join(map(str, cells))} | {one['note']} |")
    known = sorted({case.title for case in cases(Path(), None) if case.known_wrong})
    if known:
        lines += ["", f"Known to be wrong on this device, in the runtime's own Python package too: {', '.join(known)}."]
    return "\n".join(lines) + "\n"


def surroundings_here() -> tuple[str, ...]:
    """What a process can be made to see; where a loader is installed, nothing can hide it."""
    if ctypes.util.find_library("vulkan") is None:
        return (NOTHING, LOADER, DEVICE)
    print("skipped  without a loader: this machine has one installed")
    return (LOADER, DEVICE)


def main(arguments: Sequence[str]) -> int:
    """Run every case; prints a line each and the closing line."""
    names = [argument for argument in arguments if argument != WRITE]
    tools = open_tools()
    machine = gather_host(Path())
    if (machine.os, machine.arch) != ("linux", "x86_64"):
        print("skipped: the libraries of this lane are for Linux on x86-64")
        return 1 if os.environ.get("CI", "").lower() == "true" else 0
    try:
        device = find_device(WORK.absolute())
    except NoPackagesError as error:
        print(f"There is no device: {error}")
        return 1
    rows: list[dict[str, object]] = []
    failed = done = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        every = [case for case in cases(folder, tools) if not names or case.runtime in names]
        for runtime in dict.fromkeys(case.runtime for case in every):
            own = folder / runtime
            own.mkdir()
            lane, shipped = prepare(runtime, own, device, tools)
            mine = [case for case in every if case.runtime == runtime]
            for case in mine:
                made, bad = run_case(case, lane, surroundings_here())
                rows, failed, done = rows + made, failed + bad, done + len(made)
            part, lacking = missing_library(runtime, lane, shipped, own)
            ran, cpu = (lane.run(mine[0], asked, DEVICE, lacking) for asked in ("gpu", "cpu"))
            wrong = without(ran, cpu, "gpu", part)
            print(
                f"{'FAILED' if wrong else 'passed'}  {runtime} without its library for GPUs: {ran.note} {wrong or ''}"
            )
            rows.append(row(replace(mine[0], title=f"{mine[0].title}, no library for GPUs"), DEVICE, "gpu", ran, cpu))
            failed, done = failed + bool(wrong), done + 1
    if WRITE in arguments and not names:
        PAGE.write_text(page(add_record(RESULTS, {"mesa": device.version, "rows": rows}, tools)), encoding="utf-8")
    print(f"{done - failed} passed, {failed} failed")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
