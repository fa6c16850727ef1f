"""Build phase: stops with the command that helps when a model file is missing, as after a fresh clone."""

import json
import os
import sys
from pathlib import Path

# Xcode runs its build phases in a sandbox that hides this folder, so nothing is looked up beside this file.
APP = Path(os.environ["SRCROOT"]).parent


def missing():
    """Give the model files that a task.json names and that are not there."""
    for manifest in sorted(APP.glob("tasks/*/task.json")):
        for name in json.loads(manifest.read_text(encoding="utf-8"))["files"].values():
            if not (manifest.parent / name).exists():
                yield (manifest.parent / name).relative_to(APP).as_posix()


found = list(missing())
if found:
    # Xcode shows lines of this form as errors of the build.
    print(f"error: {', '.join(found)} is missing; git does not keep models. Run: python3 '{APP / 'fetch.py'}'")
sys.exit(1 if found else 0)
