"""Gradle: an app's android/ -> a package, a test package or a signed bundle; a failure is a few lines, not its log."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from handheld.errors import DiskFull, NoNetwork
from handheld.facts import TOOLS
from handheld.platforms import BuildReport, Consent, Target
from handheld.platforms.android import argv, facts, install, parse
from handheld.platforms.android.errors import (
    GradleFailed,
    KeyRefused,
    KeyStoreGone,
    KeyStoreMissing,
    LicencesMissing,
    NoJava,
    NothingBuilt,
    NotSigned,
)
from handheld.progress import Progress
from handheld.render import RenderedApp
from handheld.tools import Tools

KEY_STORE = "APP_KEYSTORE"
SECRETS = ("APP_KEYSTORE_PASSWORD", "APP_KEY_PASSWORD")
SIGNING = (KEY_STORE, "APP_KEYSTORE_PASSWORD", "APP_KEY_ALIAS", "APP_KEY_PASSWORD")
OUTPUTS = Path("app") / "build" / "outputs"
PACKAGE = OUTPUTS / "apk" / "debug" / "app-debug.apk"
TEST_PACKAGE = OUTPUTS / "apk" / "androidTest" / "debug" / "app-debug-androidTest.apk"
BUNDLE = OUTPUTS / "bundle" / "release" / "app-release.aab"
NO_NETWORK = ("UnknownHostException", "Connection refused", "Connect timed out", "Network is unreachable")


def build(
    app: RenderedApp,
    tasks: Sequence[str],
    artefact: Path,
    log: Path,
    consent: Consent,
    tools: Tools,
    progress: Progress,
) -> BuildReport:
    """Run Gradle's tasks and give `artefact` (relative to the project).

    Raises:
        MachineError: no Java, an SDK that is not whole, no network, disk full.
        AppError: the build failed.
    """
    project = app.directory / "android"
    check_java(tools)
    needs = facts.needs_of_app(project)
    install.ensure(facts.build_packages(needs), consent, tools, progress)
    program = install.gradle(project, needs, tools, progress)
    lines = _run(program, tasks, project, app.lock.name, log, tools, progress)
    text = "\n".join(lines)
    if not parse.gradle_succeeded(text):
        raise _failure(lines, project, log, tools)
    path = made(project / artefact, log)
    return BuildReport(Target("android"), path, path.stat().st_size, parse.gradle_idle(text))


def made(path: Path, log: Path) -> Path:
    """The file that a build had to make.

    Raises:
        AppError: it is not there, whatever Gradle said.
    """
    if not path.is_file():
        raise NothingBuilt(path, log)
    return path


def build_release(app: RenderedApp, log: Path, consent: Consent, tools: Tools, progress: Progress) -> BuildReport:
    """Build a signed bundle for the store. What signs it is checked before anything is built.

    Raises:
        InputError: the key store was not named.
        AppError: the build failed, or its result is not signed.
    """
    check_signing(tools.environ)
    report = build(app, ["bundleRelease"], BUNDLE, log, consent, tools, progress)
    if jarsigner := tools.find("jarsigner"):
        done = tools.run([jarsigner, "-verify", report.artefact], timeout=300, check=False)
        if "jar verified." not in done.stdout:
            raise NotSigned(report.artefact, (done.stdout + done.stderr).strip().partition("\n")[0])
        return report
    note = "Signed by Gradle; not verified here: this Java has no jarsigner."
    return BuildReport(report.target, report.artefact, report.bytes, report.from_cache, note)


def check_signing(environ: Mapping[str, str]) -> None:
    """Refuse a release that could not be signed.

    Raises:
        InputError: a variable is not set, or the key store does not exist.
    """
    missing = [name for name in SIGNING if not environ.get(name)]
    if missing:
        raise KeyStoreMissing(missing, environ.get(KEY_STORE, ""))
    path = Path(environ[KEY_STORE])
    if not path.is_absolute() or not path.is_file():
        raise KeyStoreGone(str(path))


def check_java(tools: Tools) -> str:
    """The version of the Java that Gradle will take.

    Raises:
        MachineError: there is none, or it is too old.
    """
    found = facts.java(tools)
    fix = TOOLS["java"].fixes.get("macos" if sys.platform == "darwin" else "linux", "")
    if found is None:
        raise NoJava("", fix)
    done = tools.run([found.path, "-version"], timeout=60, check=False)
    version = parse.java_version(done.stderr + done.stdout)
    if version is None or version < facts.OLDEST_JAVA:
        raise NoJava(f"{found.path}, version {version}", f"{fix}; then export JAVA_HOME=/path/to/it")
    return str(version)


def _run(
    program: Path, tasks: Sequence[str], project: Path, name: str, log: Path, tools: Tools, progress: Progress
) -> list[str]:
    """All that Gradle said. The log file never holds a password."""
    root = facts.sdk_root(tools.environ)
    secrets = [tools.environ[secret] for secret in SECRETS if tools.environ.get(secret)]
    lines: list[str] = []
    steps = 0
    with log.open("w", encoding="utf-8") as file, progress.task(f"Building {name} with Gradle", unit="steps") as handle:

        def take(line: str) -> None:
            nonlocal steps
            for secret in secrets:
                line = line.replace(secret, "***")
            lines.append(line)
            file.write(line + "\n")
            if line.startswith(("> Task ", "Download ")):
                steps += 1
                handle.update(steps)

        environ = {"ANDROID_HOME": str(root), "ANDROID_SDK_ROOT": str(root)}
        tools.stream(argv.gradle(program, *tasks), take, cwd=project, env=environ, check=False)
        if parse.gradle_succeeded("\n".join(lines)):
            handle.update(steps, steps)
        else:
            handle.finish()
    return lines


def _failure(lines: Sequence[str], project: Path, log: Path, tools: Tools) -> Exception:
    text = "\n".join(lines)
    if packages := parse.unlicensed(lines):
        fix = install.AGAIN.format(command="build")
        return LicencesMissing(packages, facts.sdk_root(tools.environ), fix)
    if "No space left on device" in text:
        return DiskFull("the Android build", project)
    if "KeytoolException" in text or "password was incorrect" in text:
        said = next((line.strip(" >") for line in lines if "Keytool" in line or "password was incorrect" in line), "")
        return KeyRefused(said.removeprefix("com.android.ide.common.signing.KeytoolException: "))
    if any(word in text for word in NO_NETWORK):
        said = next(line.strip() for line in lines if any(word in line for word in NO_NETWORK))
        return NoNetwork("what the Android build needs", said, f'cd "{project}" && gradle assembleDebug')
    if "Model files are missing" in text:
        return GradleFailed(parse.gradle_reasons(lines, str(project)), log, f'python3 "{project.parent / "fetch.py"}"')
    return GradleFailed(parse.gradle_reasons(lines, str(project)), log)
