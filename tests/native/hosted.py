"""An app against the hosted reference on its own weights: python -m native.hosted NAME APP [options of compare ...].

Runs `handheld compare` as a person does, with one thread on both sides, appends what it found to
docs/generated/compare.json with date, commit and versions, and writes compare.md from it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from handheld import __version__
from handheld.catalog import load_catalog
from handheld.compare import PROMPTS, TEXT
from handheld.errors import sized
from handheld.render import open_app
from handheld.resources import root
from handheld.tools import open_tools, python
from native.records import add_record

RESULTS = Path("docs/generated/compare.json")
TOLD = ("torch", "transformers")
"""Packages whose versions are told beside those whose name begins with the runtime's."""


def main(arguments: Sequence[str]) -> int:
    """Measure, print, keep."""
    name, app, *more = arguments
    tools = open_tools()
    words = ["compare", app, "--reference", name, "--yes", "--option", "threads=1", *more]
    sys.stdout.write("Both sides run now, one after the other: minutes, and the first time a large download.\n")
    sys.stdout.flush()
    load = os.getloadavg()[0]
    found = json.loads(tools.run([python(), "-m", "handheld", *words, "--json"]).stdout)
    record = {
        "app": found["task"],
        "options": more,
        "load": round(load, 1),
        "versions": versions(name, Path(app)),
        **kept(found),
    }
    history = add_record(RESULTS, record, tools)
    RESULTS.with_suffix(".md").write_text(page(history), encoding="utf-8")
    sys.stdout.write("\n".join(section(history[-1])) + "\n")
    return 0


def versions(name: str, app: Path) -> Mapping[str, str]:
    """What computed: this Handheld with the app's sources, and the reference's packages."""
    catalog = load_catalog(root())
    lines = catalog.hosted[name].environment.requirements.read_text(encoding="utf-8").splitlines()
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", "\n".join(lines), re.MULTILINE))
    own = {package: version for package, version in pinned.items() if package.startswith(name) or package in TOLD}
    sources = {source.name: source.version for source in open_app(app.absolute()).lock.sources}
    return {"handheld": __version__, **sources, **own}


def kept(found: Mapping[str, Any]) -> dict[str, Any]:
    """The comparison without the log-probability of every single token."""
    names = ("prompt", "equal", "agreeing")
    sides = ("count", "finish", "text")
    pairs = [
        {
            **{name: pair[name] for name in names},
            **{side: {name: pair[side][name] for name in sides} for side in ("app", "reference")},
        }
        for pair in found["pairs"]
    ]
    return {**{name: found[name] for name in ("model", "figures", "app", "hosted")}, "pairs": pairs}


def page(history: Sequence[Mapping[str, Any]]) -> str:
    """compare.md: the newest run first, each with its answers."""
    lines = [
        "# The app against a hosted model",
        "",
        "Written by `nox -s vllm`; do not edit. What the figures mean stands in [the guide](../guide/compare.md).",
        "Both sides compute with one thread, the same tokens and the same weights;",
        f"{1 + len(PROMPTS)} prompts and a text of {len(TEXT.split())} words, unless options are named.",
    ]
    for entry in reversed(history):
        lines += ["", *section(entry)]
    return "\n".join(lines) + "\n"


def section(entry: Mapping[str, Any]) -> Iterator[str]:
    """One run."""
    figures, app, hosted = entry["figures"], entry["app"], entry["hosted"]
    tokens = figures["tokens"]
    yield f"## {entry['date']}, commit {entry['commit']}, {entry['cpu']}: {entry['model']}"
    yield ""
    yield ", ".join(f"{name} {version}" for name, version in entry["versions"].items()) + "."
    yield f"Other work on the machine when it began: a load of {entry['load']}; times and rates are as good as that."
    if entry["options"]:
        yield f"Options: `{' '.join(entry['options'])}`."
    yield from ("", "| figure | app | reference | between them |", "|---|---|---|---|")
    yield f"| greedy tokens equal from the start | | | {share(figures['equal'], tokens)} |"
    yield f"| same choice after the same tokens | | | {share(figures['agreeing'], tokens)} |"
    yield f"| mean log-probability gap, answers | | | {figures['gap']:.4f} nats ({figures['bias']:+.4f}) |"
    yield f"| the same on {figures['text_tokens']} tokens of text | | | {figures['text_gap']:.4f} nats |"
    one, other = figures["app_perplexity"], figures["reference_perplexity"]
    yield f"| perplexity of the text | {one:.3f} | {other:.3f} | {one / other - 1:+.2%} |"
    yield f"| time to first token | {app['first_ms']:.0f} ms | {hosted['first_ms']:.0f} ms | |"
    yield f"| tokens/s | {app['tokens_per_s']:.1f} | {hosted['tokens_per_s']:.1f} | |"
    yield f"| memory at most | {sized(app['memory_bytes'])} | {sized(hosted['memory_bytes'])} | |"
    yield from ("", "| prompt | tokens | equal from the start | same choice | end |", "|---|---|---|---|---|")
    for pair in entry["pairs"]:
        count, end = pair["app"]["count"], f"{pair['app']['finish']}, {pair['reference']['finish']}"
        counts = f"{count}, {pair['reference']['count']}"
        yield f"| {pair['prompt']} | {counts} | {pair['equal']} | {pair['agreeing']} | {end} |"


def share(part: int, whole: int) -> str:
    """A part with its percentage."""
    return f"{part} of {whole} ({part / whole:.1%})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
