"""ktlint with the app's own .editorconfig."""

from __future__ import annotations

from android.bench import Bench, CheckFailed

KTLINT = "com.pinterest.ktlint.Main"


def style(bench: Bench) -> str:
    """Every Kotlin file and Gradle script of the app is as Android Studio would format it."""
    config = bench.android / ".editorconfig"
    binding = bench.lane.app / "native/bindings/kotlin"
    files = [path for root in (bench.android, binding) for path in sorted(root.rglob("*.kt*"))]
    kotlin = [path for path in files if path.suffix in {".kt", ".kts"}]
    options = ["--relative", "--log-level=error", f"--editorconfig={config}"]
    done = bench.try_java(bench.set("ktlint"), KTLINT, [*options, *kotlin])
    if done.returncode != 0:
        raise CheckFailed(f"ktlint says:\n{done.stdout[-2000:]}{done.stderr[-1000:]}")
    return f"{len(kotlin)} files"
