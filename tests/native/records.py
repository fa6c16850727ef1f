"""What long runs leave behind: docs/generated/<name>.json, a list of runs, each with its date, commit and machine."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handheld.tools import Tools


def add_record(path: Path, record: Mapping[str, Any], tools: Tools) -> Sequence[Mapping[str, Any]]:
    """Append a run to the history in `path`, and give the whole history, the oldest run first."""
    commit = tools.run(["git", "rev-parse", "--short", "HEAD"]).stdout.strip()
    history = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    history.append({"date": today, "commit": commit, "cpu": cpu_name(), **record})
    path.write_text(json.dumps(history, indent=1) + "\n", encoding="utf-8")
    return list(history)


def cpu_name() -> str:
    """The processor's name, as Linux gives it."""
    info = Path("/proc/cpuinfo")
    match = re.search(r"model name\s*: (.+)", info.read_text(encoding="utf-8")) if info.exists() else None
    return f"{match[1] if match else 'unknown processor'}, {os.cpu_count()} CPUs"
