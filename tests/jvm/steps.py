"""Steps that are skipped while nothing that they read has changed, and what each of them costs."""

from __future__ import annotations

import hashlib
import resource
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Cost:
    """What one step took: wall seconds, and CPU seconds of its processes."""

    name: str
    wall: float
    cpu: float
    skipped: bool = False

    def __str__(self) -> str:
        figures = "unchanged" if self.skipped else f"{self.wall:6.1f} s  {self.cpu:6.1f} s CPU"
        return f"{self.name:28} {figures}"


@dataclass(slots=True)
class Steps:
    """Runs steps; a step's stamp holds the hash of what it read when it last succeeded."""

    folder: Path
    costs: list[Cost] = field(default_factory=list)

    def run(self, name: str, inputs: Iterable[Path | str], action: Callable[[], object]) -> None:
        """Do `action` unless its stamp says that it was done with the same inputs: files, folders and plain texts."""
        self.run_together({name: inputs}, name, lambda _: action())

    def run_together(
        self, parts: Mapping[str, Iterable[Path | str]], name: str, action: Callable[[Sequence[str]], object]
    ) -> None:
        """As `run`, for parts that are cheaper done at once: `action` gets the names of those that have changed."""
        digests = {part: digest_of(inputs) for part, inputs in parts.items()}
        stale = [part for part, digest in digests.items() if not self._is_done(part, digest)]
        if not stale:
            self.costs.append(Cost(name, 0, 0, skipped=True))
            return
        for part in stale:
            self._stamp(part).unlink(missing_ok=True)
        with self.timed(name):
            action(stale)
        for part in stale:
            self._stamp(part).parent.mkdir(parents=True, exist_ok=True)
            self._stamp(part).write_text(digests[part], encoding="ascii")

    def _stamp(self, part: str) -> Path:
        return self.folder / "stamps" / part.replace(" ", "-")

    def _is_done(self, part: str, digest: str) -> bool:
        stamp = self._stamp(part)
        return stamp.is_file() and stamp.read_text(encoding="ascii") == digest

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Note what the block costs, also when it fails."""
        wall, cpu = time.monotonic(), _cpu()
        try:
            yield
        finally:
            self.costs.append(Cost(name, time.monotonic() - wall, _cpu() - cpu))

    def table(self) -> str:
        """One line for each step, and their sum."""
        whole = Cost("all", sum(cost.wall for cost in self.costs), sum(cost.cpu for cost in self.costs))
        return "\n".join(map(str, [*self.costs, whole]))


def digest_of(inputs: Iterable[Path | str]) -> str:
    """The hash of files (by content), folders (all files below them) and texts."""
    whole = hashlib.sha256()
    for item in inputs:
        if isinstance(item, str):
            whole.update(f"text {item}\n".encode())
            continue
        files = sorted(path for path in item.rglob("*") if path.is_file()) if item.is_dir() else [item]
        for path in files:
            with path.open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
            whole.update(f"file {path.relative_to(item.parent)} {content}\n".encode())
    return whole.hexdigest()


def _cpu() -> float:
    children, own = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
    return children.ru_utime + children.ru_stime + own.ru_utime + own.ru_stime
