"""With which requirement this very Handheld can be installed again; an app's noxfile uses it.

A package from an index is named by its version, one from a repository or a file as it was installed, and a checkout by
the revision that it is at.
"""

from __future__ import annotations

import json
import os
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from urllib.parse import unquote, urlsplit

from handheld import __version__, resources

NAME = "handheld"


def install_requirement() -> str:
    """A requirement for pip, for example "handheld==0.1.0" or "handheld @ git+https://...@<commit>"."""
    origin = _origin()
    url = origin.get("url")
    if isinstance(url, str) and "vcs_info" in origin:
        info = origin["vcs_info"]
        assert isinstance(info, dict)
        return f"{NAME} @ {info['vcs']}+{url}@{info['commit_id']}"
    if isinstance(url, str) and "archive_info" in origin:
        return f"{NAME} @ {url}"
    folder = _folder(url) if isinstance(url, str) else resources.root()
    commit = _commit(folder)
    return f"{NAME} @ git+{folder.as_uri()}@{commit}" if commit else f"{NAME}=={__version__}"


def _folder(url: str) -> Path:
    """The folder that a file URL names; urllib.request knows it too, but brings a web client with it."""
    path = unquote(urlsplit(url).path)
    return Path(path.lstrip("/") if os.name == "nt" else path)


def _origin() -> dict[str, object]:
    """direct_url.json: what pip has noted about a package that did not come from an index."""
    try:
        text = Distribution.from_name(NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        return {}
    parsed: dict[str, object] = json.loads(text) if text else {}
    return parsed


def _commit(folder: Path) -> str | None:
    """The commit that a checkout is at, read from .git without a process; None when it is no checkout."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        if (git / name).is_file():
            return (git / name).read_text(encoding="utf-8").strip()
        packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
