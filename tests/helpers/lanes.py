"""Toolchains that tests need: at home a missing one is a skip, with CI=true a failure; one table closes the run."""

from __future__ import annotations

import os
from collections import Counter

import pytest

MARK = "needs"
IN_CI = os.environ.get("CI", "").lower() == "true"


def need(found: object, what: str, install: str) -> None:
    """Go on when `found`; else skip the test, or fail it in CI.

    Args:
        found: Anything true when the toolchain is there.
        what: What is missing, for example "a Java compiler".
        install: The exact command that brings it.
    """
    if found:
        return
    reason = f"{MARK} {what}: {install}"
    if IN_CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def close_with_table(reporter: pytest.TerminalReporter) -> None:
    """Print what was skipped, why, how often, and the command that brings what is missing."""
    reasons = Counter(_reason(report) for report in reporter.stats.get("skipped", []))
    if not reasons:
        return
    rows = [(str(count), *_parted(reason)) for reason, count in sorted(reasons.items())]
    widths = [max(len(row[index]) for row in rows) for index in range(2)]
    reporter.section("not tested on this machine", sep="-")
    for count, why, command in rows:
        reporter.line(f"{count.rjust(widths[0])}  {why.ljust(widths[1])}  {command}".rstrip())


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    longrepr = report.longrepr
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ")


def _parted(reason: str) -> tuple[str, str]:
    if not reason.startswith(f"{MARK} "):
        return reason, ""
    why, _, command = reason.partition(": ")
    return why, command
