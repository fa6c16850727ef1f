"""Fetches one file of the Hugging Face hub. Runs as a process of its own: `python -P hub_worker.py`, see hub.py.

Arguments: repository, revision, file, folder, and the commits whose file is there already. Prints JSON objects, one a
line: {"commit", "etag", "size"}, then {"path"} or {"known": true} or {"error", "message"}. The client's own settings
(HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, ...) count as everywhere.
"""

from __future__ import annotations

import errno
import json
import os
import sys


def main() -> int:
    """Fetch, and tell about it on stdout."""
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    try:
        import huggingface_hub  # noqa: F401, PLC0415 - its absence has to be told, not raised
    except ImportError as error:
        tell(error="missing", message=str(error))
        return 1
    try:
        fetch(*sys.argv[1:5], known=sys.argv[5:])
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent has to learn of it
        tell(error=kind_of(error), message=" ".join(str(error).split()) or type(error).__name__)
        return 1
    return 0


def fetch(repo: str, revision: str, file: str, folder: str, *, known: list[str]) -> None:
    """Ask which commit and hash the file has, and download it unless it is known."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url  # noqa: PLC0415

    found = get_hf_file_metadata(hf_hub_url(repo, file, revision=revision))
    tell(commit=found.commit_hash, etag=found.etag, size=found.size)
    if found.commit_hash in known:
        tell(known=True)
        return
    tell(path=hf_hub_download(repo, file, revision=found.commit_hash or revision, local_dir=folder))


def kind_of(error: Exception) -> str:
    """A word for what went wrong."""
    from huggingface_hub import errors  # noqa: PLC0415

    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "full"
    kinds = (
        ("GatedRepoError", "gated"),
        ("RepositoryNotFoundError", "repository"),
        ("RevisionNotFoundError", "revision"),
        ("EntryNotFoundError", "file"),
        ("HFValidationError", "form"),
    )
    for name, kind in kinds:
        if isinstance(error, getattr(errors, name)) and type(error).__name__ != "LocalEntryNotFoundError":
            return kind
    return "network"


def tell(**values: object) -> None:
    """Print one JSON object."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
