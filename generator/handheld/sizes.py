"""What each runtime takes in bytes: docs/generated/runtime_sizes.json, which `nox -s sizes` measures and writes.

Tables in the documentation and `handheld list --runtimes` only read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

SIZES = Path("docs") / "generated" / "runtime_sizes.json"


@dataclass(frozen=True, slots=True)
class RuntimeSize:
    """Bytes; None where nothing was measured.

    core: by how much the host's own libraries grow, without symbols, against those with the example runtime.
    opened: the libraries that it opens on the host, without symbols.
    android: what is added to an APK's arm64 libraries.
    where: the host.
    date, commit: of the measurement.
    """

    core: int | None
    opened: int | None
    android: int | None
    where: str
    date: str
    commit: str

    @property
    def host(self) -> int | None:
        """All that it adds on the host."""
        parts = [part for part in (self.core, self.opened) if part is not None]
        return sum(parts) if parts else None


def load_sizes(root: Path) -> dict[str, RuntimeSize]:
    """What was measured, by runtime; nothing when nothing ever was."""
    path = root / SIZES
    if not path.is_file():
        return {}
    return {name: RuntimeSize(**entry) for name, entry in json.loads(path.read_text(encoding="utf-8")).items()}


def record_sizes(root: Path, measured: Mapping[str, RuntimeSize]) -> None:
    """Write figures; a runtime that was not measured this time keeps its own."""
    kept = {**load_sizes(root), **measured}
    text = json.dumps({name: asdict(kept[name]) for name in sorted(kept)}, indent=2) + "\n"
    (root / SIZES).write_text(text, encoding="utf-8", newline="\n")
