"""Follows a how-to page as a person would: `sh` blocks are run, `diff` blocks applied, `text` blocks were printed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FENCE = "```"
TIMEOUT = 300
"""Seconds for one block."""


class StepFailed(Exception):
    """A step of a page does not do what the page says."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `line` is where it begins in the page, from 1."""

    language: str
    text: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    lines = iter(enumerate(page.splitlines(keepends=True), 1))
    for number, line in lines:
        if not line.startswith(FENCE):
            continue
        inside: list[str] = []
        for _, text in lines:
            if text.rstrip() == FENCE:
                break
            inside.append(text)
        else:
            raise StepFailed(f"line {number}: the block has no end")
        yield Block(line.removeprefix(FENCE).strip(), "".join(inside), number)


def follow(page: str, folder: Path, environ: Mapping[str, str]) -> list[Block]:
    """Do every step of a page in `folder`; gives the steps that were done.

    Raises:
        StepFailed: a command failed, a diff does not fit, a text was not printed, or a block is of no known kind.
    """
    printed = ""
    done = list(blocks(page))
    for block in done:
        match block.language:
            case "sh":
                printed = _run(block, ["sh", "-eu", "-c", block.text], folder, environ)
            case "diff":
                _run(block, ["git", "apply", "-"], folder, environ, block.text)
            case "text":
                _check_printed(block, printed)
            case _:
                raise StepFailed(f"line {block.line}: nobody can follow a block of '{block.language}'")
    return done


def _run(block: Block, argv: list[str], folder: Path, environ: Mapping[str, str], given: str = "") -> str:
    finished = subprocess.run(
        argv, cwd=folder, env=environ, input=given, capture_output=True, encoding="utf-8", timeout=TIMEOUT, check=False
    )
    if finished.returncode != 0:
        output = f"{finished.stdout}\n{finished.stderr}"[-4000:]
        raise StepFailed(f"line {block.line}: exit code {finished.returncode}\n{block.text}\n{output}")
    return finished.stdout


def _check_printed(block: Block, printed: str) -> None:
    """Every line of the block has to stand in what was printed, in the same order."""
    lines = iter(printed.splitlines())
    for expected in block.text.splitlines():
        if expected not in lines:
            raise StepFailed(f"line {block.line}: {expected!r} was not printed, but this:\n{printed[-4000:]}")
