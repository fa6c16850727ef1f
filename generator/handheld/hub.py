"""Fetches a file of the Hugging Face hub with its own client, in a process that can be watched and ended."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handheld.errors import DiskFull, HandheldError, HashMismatch, HubMissing, HubRefused, NoNetwork
from handheld.plan import HfRef
from handheld.progress import Progress, ProgressHandle
from handheld.tools import Tools, python

WORKER = Path(__file__).with_name("hub_worker.py")


@dataclass(frozen=True, slots=True)
class HubFile:
    """What the hub gave. `path` is None when that commit's file is known already; `etag` is a big file's SHA-256."""

    commit: str
    etag: str
    path: Path | None


def reference_of(ref: HfRef) -> str:
    """The reference as a person writes it."""
    revision = "" if ref.revision == "main" else f"@{ref.revision}"
    organisation, _, repository = ref.repo.partition("/")
    return f"hf:{organisation}/{repository}{revision}/{ref.file}"


def endpoint_of(tools: Tools) -> str:
    """The hub in use, or "" for the public one."""
    return tools.environ.get("HF_ENDPOINT", "").rstrip("/")


def fetch(ref: HfRef, known: Sequence[str], folder: Path, tools: Tools, progress: Progress) -> HubFile:
    """Ask the hub for the file's commit and, unless that is one of the `known`, download it into `folder`.

    Raises:
        InputError: no such repository, revision or file, or not for this person.
        MachineError: the client is not installed, no network, disk full.
        FileError: the file does not have the hash that the hub names.
    """
    with progress.task(f"Downloading {ref.file.rpartition('/')[2]}") as handle:
        answer = _Answer(folder, handle)
        command: list[str | Path] = [python(), "-P", WORKER, ref.repo, ref.revision, ref.file, folder, *known]
        done = tools.stream(command, answer.line, check=False, on_tick=answer.tick)
    said = answer.said
    if "error" in said:
        raise _explanation(str(said["error"]), str(said.get("message", "")), ref, tools)
    if "commit" not in said or ("path" not in said and "known" not in said):
        raise NoNetwork(reference_of(ref), f"the client ended with code {done.returncode}", _by_hand(ref), cut=True)
    path = said.get("path")
    return HubFile(str(said["commit"]), str(said.get("etag") or ""), Path(path) if path else None)


def check_etag(file: HubFile, sha256: str, ref: HfRef) -> None:
    """Compare with the hub's own hash, which it gives for big files.

    Raises:
        FileError: they differ.
    """
    if len(file.etag) == 64 and file.etag != sha256:
        raise HashMismatch(reference_of(ref), file.etag, sha256, "Give the same command again")


class _Answer:
    """Collects what the worker says, and shows how far its download is."""

    def __init__(self, folder: Path, handle: ProgressHandle) -> None:
        self._folder, self._handle = folder, handle
        self.said: dict[str, Any] = {}

    def line(self, line: str) -> None:
        """Take a JSON line; the client's warnings are none."""
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                self.said |= json.loads(line)

    def tick(self) -> bool:
        """Show the largest file's size."""
        with contextlib.suppress(OSError):
            sizes = [path.stat().st_size for path in self._folder.rglob("*") if path.is_file()]
            self._handle.update(max(sizes, default=0), self.said.get("size"))
        return False


def _by_hand(ref: HfRef) -> str:
    return f"hf download {ref.repo} {ref.file} --revision {ref.revision}"


def _explanation(kind: str, message: str, ref: HfRef, tools: Tools) -> HandheldError:
    reasons = {
        "gated": "its terms have to be accepted on its page, and a token is needed",
        "repository": f"there is no repository {ref.repo}, or it is private",
        "revision": f"the repository {ref.repo} has no revision {ref.revision}",
        "file": f"the repository {ref.repo} has no file {ref.file} in {ref.revision}",
        "form": "a repository or file cannot be called that",
    }
    if kind == "missing":
        return HubMissing(python())
    if kind == "full":
        return DiskFull(reference_of(ref), tools.cache)
    if kind in reasons:
        fix = "hf auth login" if kind in ("gated", "repository") else _by_hand(ref)
        return HubRefused(reference_of(ref), reasons[kind], fix)
    return NoNetwork(reference_of(ref), message[:200], _by_hand(ref))
