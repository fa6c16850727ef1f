"""The menu: `nox -l` lists it, `nox -s demo` shows what this is about."""

from __future__ import annotations

import hashlib
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "tests"]
nox.options.reuse_venv = "yes"

DEMO = "build/demo/parrot"
PROMPT = "What is the capital of France, and what is it famous for?"
SYSTEM = "system=You are a helpful assistant."


def prepare(session: nox.Session, group: str = "") -> None:
    """Install Handheld as it lies here, and a dependency group, once: later runs touch neither pip nor the network."""
    group_packages = nox.project.dependency_groups(nox.project.load_toml(), group) if group else ()
    what = [Path("pyproject.toml").read_bytes(), Path("constraints.txt").read_bytes(), group.encode()]
    stamp = Path(session.virtualenv.location) / f"installed-{hashlib.sha256(b'-'.join(what)).hexdigest()[:16]}"
    if not stamp.exists():
        session.install("-c", "constraints.txt", "-e", ".", *group_packages)
        stamp.touch()


@nox.session
def demo(session: nox.Session) -> None:
    """Make a chat app for both platforms, and let its own core and model answer in this terminal."""
    prepare(session)
    session.run("handheld", "new", "Parrot", "--task", "chat", "--directory", DEMO, "--force")
    session.run("handheld", "run", DEMO, "--send", SYSTEM, "--set", "temperature=0", PROMPT)
    session.run("handheld", "show", DEMO)


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test that this machine can run; with CI=true a missing toolchain is a failure."""
    prepare(session, "test")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, and that generated files are what `nox -s generate` writes."""
    prepare(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("python", "-m", "handheld.codegen", "--check")
    session.run("python", "tests/workflows/check.py", env={"PYTHONPATH": "tests"})


@nox.session
def generate(session: nox.Session) -> None:
    """Write everything that is generated: codes in four languages, schema, tables."""
    prepare(session)
    session.run("python", "-m", "handheld.codegen")


@nox.session
def prove(session: nox.Session) -> None:
    """Run all golden cases on this machine and record what passed in docs/generated/proof.json.

    With -- --check nothing is kept.
    """
    prepare(session, "test")
    session.run("python", "-m", "handheld.prove", *session.posargs)
    session.run("python", "-m", "native.prove_own", *session.posargs, env={"PYTHONPATH": "tests"})
    session.run("python", "-m", "handheld.codegen")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the core and all around it against plain programs; docs/generated/bench.md.

    nox -s bench -- core|image|waist|jvm|swift measures a part: the core with the generator, pictures, the way through
    the core to a runtime's own library, Kotlin, Swift.
    """
    prepare(session, "test")
    session.run("python", "tests/bench.py", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run the core under ASan, UBSan and TSan, with every runtime that has a tiny model or with those named."""
    prepare(session, "test")
    session.run("python", "tests/native/sanitize.py", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def onnx(session: nox.Session) -> None:
    """Run the ONNX project's own node tests through the core, and compare with Python's onnxruntime, bit for bit.

    nox -s onnx -- --headers FOLDER also compares our declarations with onnxruntime's C header.
    """
    prepare(session, "onnx")
    session.run("python", "-m", "native.onnx_nodes", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def parity(session: nox.Session) -> None:
    """Compare the task classify with each runtime's own Python on five photographs; -- --record keeps the figures.

    Makes the models that need a compiler; the first time that downloads some gigabytes, see the runtimes' [conversion].
    """
    prepare(session, "parity")
    session.run("python", "-m", "native.parity", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def vllm(session: nox.Session) -> None:
    """Compare the chat app with a vLLM server on the same weights; docs/generated/compare.md. Brings 6 GB, once.

    What follows -- goes to `handheld compare`, such as --max-tokens 128.
    """
    prepare(session, "test")
    app = "build/compare/parrot"
    session.run("handheld", "new", "Parrot", "--task", "chat", "--directory", app, "--force")
    session.run("python", "-m", "native.hosted", "vllm", app, *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def coreml(session: nox.Session) -> None:
    """Compute Core ML packages in NumPy and compare them with their originals; -- --record keeps proof and figures."""
    prepare(session, "coreml")
    session.run("python", "-m", "coreml.graph", *session.posargs, env={"PYTHONPATH": "tests"})
    session.run("python", "-m", "handheld.codegen")


@nox.session
def accelerators(session: nox.Session) -> None:
    """Run models on a GPU made of software, with it there and not; -- --write keeps docs/generated/accelerators.md.

    Brings Debian's Mesa and the runtimes' libraries for GPUs into build/accelerators. Names of runtimes choose some.
    """
    prepare(session, "test")
    session.run("python", "-m", "accelerators.lane", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def variants(session: nox.Session) -> None:
    """Run ggml's builds for several processors, also emulated ARM ones; -- --write keeps the table of sizes."""
    prepare(session, "test")
    session.run("python", "tests/native/variants.py", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def sizes(session: nox.Session) -> None:
    """Measure what each runtime adds to an app, on this machine and in an APK; keeps it, and renews the table."""
    prepare(session, "test")
    session.run("python", "-m", "native.sizes", *session.posargs, env={"PYTHONPATH": "tests"})
    session.run("python", "-m", "handheld.codegen")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz task.json, model headers and sequences of calls; seconds for each: nox -s fuzz -- 600."""
    prepare(session, "test")
    session.run("python", "tests/native/fuzz.py", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def jvm(session: nox.Session) -> None:
    """Run the Android app itself on the JVM with its real model, and compare pictures of all screens.

    nox -s jvm -- --accept takes over new pictures, --check-jni lets the JVM check each call, --names adds apps whose
    names are hard.
    """
    prepare(session, "test")
    session.run("python", "-m", "jvm.lane", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def android_checks(session: nox.Session) -> None:
    """Take a rendered app through the real tools of Android, without its SDK; -- --help lists the steps."""
    prepare(session, "test")
    session.run("python", "-m", "android.checks", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def android(session: nox.Session) -> None:
    """Build the Android app and prove it on an emulator, or a phone: -- --device SERIAL; -- --yes asks nothing.

    Brings what is missing after asking once, collects all in build/reports/android. Where there is no SDK, it proves
    the app on the JVM, and says what was not run and what brings it.
    """
    prepare(session, "test")
    session.run("python", "tests/device/android.py", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def swift(session: nox.Session) -> None:
    """Build and test the Swift package, models and screens of rendered apps; brings Debian's Swift if there is none."""
    prepare(session, "test")
    session.run("python", "tests/swift/lane.py", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def ios(session: nox.Session) -> None:
    """Do all that this machine can do about iOS; with Xcode run an app in a simulator, or on a phone: -- --device UDID.

    Elsewhere its last line says what was left out and why.
    """
    # What `cross`, `frameworks` and `neon` compile with takes 400 MB, which a choice of other steps does without.
    without = not {"cross", "frameworks", "neon", "--device"} & set(session.posargs) and session.posargs
    prepare(session, "test" if without else "ios")
    session.run("python", "tests/ios/lane.py", *session.posargs, env={"PYTHONPATH": "tests"})
