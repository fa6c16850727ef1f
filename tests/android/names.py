"""Apps with names that are hard for Android: each passes the same steps as any other."""

from __future__ import annotations

from pathlib import Path

from android import compiling, style
from android.bench import Bench, CheckFailed, render
from helpers.apps import every_task

NAMES = {"hindi": "नमस्ते दुनिया", "apostrophe": "Tom's Parrot", "keyword": "fun"}
"""Folder -> name: letters of another script, what resources escape, a word that no Kotlin package may hold."""


def names(bench: Bench) -> str:
    """Render, merge, link, compile and format each with every task; the system has to read the name as it was given."""
    folder = bench.work.parent / "names"
    jobs: list[Path] = []
    for short, name in NAMES.items():
        app = render(folder / short, *every_task(), name=name)
        other = bench.with_app(app, bench.work.parent / f"work-{short}")
        compiling.manifest(other)
        label = compiling.resources(other)
        if label != f"label {name}":
            raise CheckFailed(f"{name}: Android reads {label}")
        style.style(other)
        jobs += compiling.jobs(other)
    compiling.compile_all(bench, jobs)
    return ", ".join(NAMES.values())
