"""Xcode as a value: is it here and new enough, what does it know, and its builds with their logs."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from shlex import join
from typing import Any, TextIO

from handheld import resources
from handheld.facts import gather_host
from handheld.platforms import Consent
from handheld.platforms.errors import NotATest
from handheld.platforms.ios import argv, facts
from handheld.platforms.ios.errors import (
    BuildRefused,
    LicenceNotAccepted,
    NoRuntime,
    NotSigned,
    NoXcode,
    WrongXcode,
    XcodeSilent,
)
from handheld.platforms.ios.facts import Phone, Simulators, TestCounts, Unexpected, Version, Xcode
from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.tools import Completed, Tools

QUICK = 120.0
"""Seconds for a question; the first one after an update of Xcode takes a while."""
LONG = 3600.0
"""Seconds for a build, or a download of iOS."""
LICENCE = re.compile(r"not agreed to the Xcode|Agreeing to the Xcode|Xcode license", re.IGNORECASE)
LICENCE_CODE = 69
SIGNING = re.compile(
    r"requires a development team|No profiles for|No Account for Team|No signing certificate|No Accounts"
)
RUNTIME_QUESTION = "Xcode has no iOS {minimum} simulator. Download one with `{command}` (about 9 GB)?"


def project_of(app: RenderedApp) -> argv.Project:
    """The app's Xcode project."""
    return argv.Project(app.directory / "ios", app.lock.module, app.lock.package)


def minimum_xcode() -> Version:
    """The oldest Xcode that the projects are made for; facts.toml has it as the project file writes it, "2600"."""
    number = int(_facts()["xcode"]["version"])
    return (number // 100, number // 10 % 10)


def minimum_ios() -> str:
    """The oldest iOS that apps run on."""
    return str(_facts()["ios"]["minimum"])


def require_xcode(tools: Tools) -> Xcode:
    """The Xcode that is chosen on this machine.

    Raises:
        MachineError: there is none, it is too old, or nobody has accepted its licence.
    """
    mac = gather_host(tools.cache).os == "macos"
    if tools.find("xcodebuild") is None or tools.find("xcrun") is None:
        raise NoXcode("", mac)
    done = tools.run(argv.VERSION, timeout=QUICK, check=False)
    said = _said(done)
    if done.returncode != 0 and "requires Xcode" in said:
        raise NoXcode(said, mac=True)
    _refuse_licence(done)
    try:
        xcode = facts.parse_xcode(done.stdout)
    except Unexpected:
        raise XcodeSilent(join(map(str, argv.VERSION)), said) from None
    needed = minimum_xcode()
    if xcode.version < needed:
        raise WrongXcode(xcode.text, ".".join(map(str, needed)))
    return xcode


def ask(command: argv.Argv, tools: Tools, *, timeout: float = QUICK) -> Completed:
    """Run one of Xcode's programs to its end, whatever its exit code.

    Raises:
        MachineError: it refuses because of the licence, or takes too long.
    """
    done = tools.run(command, timeout=timeout, check=False)
    _refuse_licence(done)
    return done


def simulators(tools: Tools) -> Simulators:
    """Everything that simctl knows and that can be used.

    Raises:
        MachineError: it does not answer.
    """
    done = ask(argv.LIST_SIMULATORS, tools)
    try:
        return facts.parse_simulators(done.stdout, facts.parse_version(minimum_ios()))
    except Unexpected:
        raise XcodeSilent(join(map(str, argv.LIST_SIMULATORS)), _said(done)) from None


def simulators_with_ios(tools: Tools, consent: Consent, progress: Progress) -> Simulators:
    """The same; when Xcode has no iOS for a simulator, it is downloaded if the person agrees.

    Raises:
        MachineError: there is none, and none was to be downloaded.
    """
    found = simulators(tools)
    if found.runtimes or found.devices:
        return found
    command = join(map(str, argv.DOWNLOAD_RUNTIME))
    if not consent(RUNTIME_QUESTION.format(minimum=minimum_ios(), command=command)):
        raise NoRuntime(minimum_ios())
    with progress.task("Downloading iOS for the simulator", 1, "steps"):
        ask(argv.DOWNLOAD_RUNTIME, tools, timeout=LONG)
    found = simulators(tools)
    if not (found.runtimes or found.devices):
        raise NoRuntime(minimum_ios())
    return found


def phones(tools: Tools, scratch: Path) -> tuple[Phone, ...]:
    """Real devices that are known here; `scratch` is a folder for the answer.

    Raises:
        MachineError: devicectl does not answer.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    answer = scratch / "devices.json"
    answer.unlink(missing_ok=True)
    done = ask(argv.list_phones(answer), tools)
    try:
        return facts.parse_phones(answer.read_text(encoding="utf-8"))
    except (OSError, Unexpected):
        raise XcodeSilent(join(map(str, argv.list_phones(answer))), _said(done)) from None
    finally:
        answer.unlink(missing_ok=True)


def build(command: argv.Argv, title: str, log: Path, tools: Tools, progress: Progress) -> None:
    """Run a build; all of its output goes to `log`.

    Raises:
        AppError: Xcode refused; the message has its reasons.
    """
    with log.open("w", encoding="utf-8") as file, progress.task(title, 1, "steps"):
        done = tools.stream(command, lambda line: _write(file, line), timeout=LONG, check=False)
    if done.returncode == 0:
        return
    _refuse_licence(done)
    lines = facts.build_errors(log.read_text(encoding="utf-8")) or tuple(done.stdout.splitlines()[-8:])
    if unsigned := [line for line in lines if SIGNING.search(line)]:
        raise NotSigned(unsigned[0])
    raise BuildRefused(lines, log)


def run_tests(
    project: argv.Project,
    where: str,
    reports: Path,
    tools: Tools,
    progress: Progress,
    settings: Sequence[str] = (),
) -> TestCounts:
    """Build and run the tests of the app and of its package.

    Raises:
        AppError: they could not be built, or none ran.
    """
    results, log = reports / "tests.xcresult", reports / "tests.log"
    shutil.rmtree(results, ignore_errors=True)
    with log.open("w", encoding="utf-8") as file, progress.task("Running the tests", 1, "steps"):
        command = argv.run_tests(project, where, results, settings)
        done = tools.stream(command, lambda line: _write(file, line), timeout=LONG, check=False)
    _refuse_licence(done)
    summary = ask(argv.test_summary(results), tools)
    try:
        counts = facts.parse_tests(summary.stdout)
    except Unexpected:
        raise BuildRefused(facts.build_errors(done.stdout) or (_said(summary),), log) from None
    (reports / "tests.json").write_text(summary.stdout, encoding="utf-8")
    if counts.total == 0:
        raise NotATest("", log)
    return counts


def _facts() -> dict[str, Any]:
    return tomllib.loads((resources.root() / "ios-template" / "facts.toml").read_text(encoding="utf-8"))


def _refuse_licence(done: Completed) -> None:
    said = _said(done)
    if done.returncode == LICENCE_CODE or (done.returncode != 0 and LICENCE.search(said)):
        raise LicenceNotAccepted(said)


def _said(done: Completed) -> str:
    """What a program had to say for itself: its last lines."""
    lines: Sequence[str] = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return "\n    ".join(lines[-6:])


def _write(file: TextIO, line: str) -> None:
    file.write(f"{line}\n")
