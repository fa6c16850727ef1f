"""Faults that people make, planted one at a time into a copy of the sources: the compiler has to find each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

from swift.screens import Screens, check_binding, check_sources
from swift.toolchain import Swift

Check = Callable[[Path], CompletedProcess[str]]
"""Compiles the sources in a folder."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Replace `old` by `new` in `file`; the compiler's answer must contain `answer`."""

    name: str
    file: str
    old: str
    new: str
    answer: str


IN_SCREENS = (
    Fault("misspelt modifier", "Shared/ProblemView.swift", ".textSelection(", ".textSelecton(", "textSelecton"),
    Fault("wrong label", "Shared/LoadingView.swift", "ProgressView(value:", "ProgressView(part:", "ProgressView"),
    Fault("missing await", "TaskScreen.swift", "Task { await session.close() }", "Task { session.close() }", "await"),
    Fault("missing try", "SelfTestView.swift", "print(try SelfTest", "print(SelfTest", "try"),
    Fault("missing import", "Shared/ProblemView.swift", "import HandheldModels\n", "", "Problem"),
    Fault("wrong binding", "Shared/SettingsRows.swift", "isOn: $value.boolean", "isOn: $value.text", "error:"),
    Fault("missing requirement", "Tasks/Chat/ChatTask.swift", "let symbol =", "let sign =", "TaskEntry"),
    Fault("forgotten case", "Tasks/Chat/MessageView.swift", "case .background:", "case .person:", "exhaustive"),
    Fault("unknown member", "Tasks/Chat/ChatView.swift", "model.session)", "model.sesion)", "sesion"),
    Fault("constant changed", "Tasks/Chat/ChatMessage.swift", "var text: String", "let text: String", "let"),
    Fault("isolation", "Tasks/Chat/ChatModel.swift", "func stop()", "nonisolated func stop()", "isolated"),
    Fault(
        "shared without protection",
        "SelfTestView.swift",
        "UIApplication.shared.isIdleTimerDisabled = true",
        "let list = NSMutableArray()\n        Task.detached { list.add(1) }\n        list.add(2)",
        "could race",
    ),
    Fault(
        "used before it is set",
        "RootView.swift",
        "        TaskScreen(entry: entry)",
        "        let title: String\n        print(title)\n        return TaskScreen(entry: entry)",
        "before being initialized",
    ),
    Fault("not a view", "App.swift", "SelfTestView(entries: taskEntries)", "taskEntries.count", "View"),
    Fault("unbalanced brace", "App.swift", "WindowGroup {", "WindowGroup {{", "}"),
)
IN_BINDING = (
    Fault("global variable", "Signal.swift", "final class Signal", "var all = 0\n\nfinal class Signal", "concurrency"),
    Fault("state from outside", "HandheldTask.swift", "{ handle.progress }", "{ Double(unread ?? 0) }", "isolated"),
    Fault(
        "another type of error",
        "HandheldTask.swift",
        "{ try handle.json(hh_task_info) }",
        "{ throw CancellationError() }",
        "HandheldError",
    ),
    Fault("wrong C type", "Value+C.swift", "rate = Int32(clamping: audio.rate)", "rate = audio.rate", "Int32"),
)


def plant(swift: Swift, screens: Screens) -> tuple[int, list[str]]:
    """Plant every fault. Gives how many there were, and what is wrong: a fault not found, or found where none is."""
    binding = screens.native / "bindings" / "swift" / "Handheld"
    problems = _plant(IN_SCREENS, screens, screens.sources, partial(check_sources, swift, screens))
    problems += _plant(IN_BINDING, screens, binding, partial(check_binding, swift, screens))
    return len(IN_SCREENS) + len(IN_BINDING), problems


def _plant(faults: Sequence[Fault], screens: Screens, original: Path, check: Check) -> list[str]:
    copy = screens.folder / "faulty"
    clean = _with(None, original, copy, check)
    if clean.returncode != 0:
        return [f"the sources of {original.name} do not compile without a fault:\n{clean.stdout}"]
    problems = []
    for fault in faults:
        done = _with(fault, original, copy, check)
        if done.returncode == 0 or fault.answer not in done.stdout:
            problems.append(f"not found: {fault.name} ({fault.file}); the compiler said:\n{done.stdout[-800:]}")
    return problems


def _with(fault: Fault | None, original: Path, copy: Path, check: Check) -> CompletedProcess[str]:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(original, copy)
    try:
        if fault is not None:
            path = copy / fault.file
            text = path.read_text(encoding="utf-8")
            if fault.old not in text:
                raise LookupError(f"{fault.file} has no {fault.old!r}: the fault {fault.name!r} needs another place")
            path.write_text(text.replace(fault.old, fault.new, 1), encoding="utf-8")
        return check(copy)
    finally:
        shutil.rmtree(copy)
