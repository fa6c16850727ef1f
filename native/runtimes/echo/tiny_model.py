"""The model that tests give to the runtime `echo`."""

from __future__ import annotations

from pathlib import Path


def tiny_model(folder: Path) -> str:
    """What `--model` takes: a path, or a name of the catalogue. The model may be made in `folder`."""
    path = folder / "tiny.echo"
    path.write_text("echo\n", encoding="utf-8")
    return str(path)
