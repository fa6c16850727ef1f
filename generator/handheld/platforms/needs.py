"""Tools of facts.py as findings of a lane."""

from __future__ import annotations

from collections.abc import Mapping

from handheld.facts import TOOLS, Tool
from handheld.platforms import Finding


def need(lane: str, name: str, found: Mapping[str, Tool | None], system: str, fix: str = "") -> Finding:
    """What is known of a tool: where it is with its version, or the command that brings it on this system."""
    kind, tool = TOOLS[name], found.get(name)
    where = f"{tool.path} ({tool.version})" if tool and tool.version else str(tool.path) if tool else ""
    return Finding(
        lane, name, where, kind.purpose, fix or kind.fixes.get(system, kind.fixes.get("", f"Install {name}"))
    )
