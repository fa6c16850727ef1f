"""Downloads one file by its address, for what is in no package index: checked by hash, kept in the cache."""

from __future__ import annotations

import hashlib
from pathlib import Path

from handheld.errors import HashMismatch, NoNetwork
from handheld.progress import Progress
from handheld.store import CHUNK, put, staged
from handheld.tools import Tools


def fetch_url(url: str, sha256: str, title: str, tools: Tools, progress: Progress) -> Path:
    """Give the file from the cache, or download it.

    Raises:
        MachineError: no network, disk full.
        FileError: the hash does not match; nothing is kept.
    """
    name = url.rpartition("/")[2]
    target = tools.cache / "archives" / sha256
    with tools.lock(f"archive-{sha256[:16]}", progress):
        if (target / name).is_file():
            return target / name
        with staged(tools.cache, f"archive-{sha256[:16]}", title) as work:
            got = _download(url, work / name, title, tools, progress)
            if got != sha256:
                raise HashMismatch(title, sha256, got, f"Compare with the publisher's: curl -L {url}.sha256")
            (work / "done").mkdir()
            (work / name).rename(work / "done" / name)
            put(work / "done", target)
    return target / name


def _download(url: str, path: Path, title: str, tools: Tools, progress: Progress) -> str:
    digest, done, total = hashlib.sha256(), 0, None
    by_hand = f'curl -L -o "{path.name}" {url}'
    with path.open("wb") as file, progress.task(f"Downloading {title}") as handle:
        try:
            with tools.open_url(url) as (stream, total):
                while chunk := stream.read(CHUNK):
                    file.write(chunk)
                    digest.update(chunk)
                    done += len(chunk)
                    handle.update(done, total)
        except OSError as error:
            if error.filename == str(path):
                raise
            raise NoNetwork(title, str(error), by_hand, cut=done > 0) from error
        if total is not None and done < total:
            raise NoNetwork(title, f"{done} of {total} bytes came", by_hand, cut=True)
    return digest.hexdigest()
