"""The lane's own judgement: a run that tested nothing fails, a changed picture is found, an old step is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from jvm import artifacts, pictures, runner
from jvm.steps import Steps

COMPLAINT = """WARNING in native method: JNI call made without checking exceptions when required to
\tat dev.handheld.NativeTask.receive(Native Method)
\tat dev.handheld.StreamsKt.step(Streams.kt:99)"""


# What a run printed.


def test_all_that_were_to_run_passed() -> None:
    assert runner.judge(["..", "OK (24 tests)"], 24) == runner.Outcome(24, 0)


def test_a_silent_pass_is_a_fault() -> None:
    # With a newer targetSdk than the JVM can run, Robolectric prints this and nothing else.
    assert runner.judge(["OK (0 tests)"], 24).faults == ("24 tests were to run, 0 did.",)


def test_failures_are_counted() -> None:
    outcome = runner.judge(["There were 2 failures:", "Tests run: 24,  Failures: 2"], 24)
    assert (outcome.passed, outcome.failed, outcome.faults) == (22, 2, ())


def test_a_run_that_ended_in_the_middle_fails() -> None:
    outcome = runner.judge(["....#", "# A fatal error has been detected by the Java Runtime Environment:"], 24)
    assert outcome.passed == 0
    assert outcome.failed == 1


def test_a_complaint_about_our_calls_is_a_fault() -> None:
    lines = [*COMPLAINT.splitlines(), "OK (1 test)"]
    assert len(runner.judge(lines, 1, checked=True).faults) == 1
    others = [line.replace("dev.handheld.NativeTask", "org.robolectric.nativeruntime.PaintNatives") for line in lines]
    others = [line.replace("dev.handheld.StreamsKt", "android.graphics.Paint") for line in others]
    assert runner.judge(others, 1, checked=True).faults == ()


# Pictures.


def screen(text: str = "Send", colour: str = "#30507A") -> Image.Image:
    image = Image.new("RGB", (300, 500), "#FBFCFE")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((40, 60, 260, 120), 20, fill=colour)
    draw.text((120, 80), text, fill="white")
    return image


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    taken, accepted = tmp_path / "taken", tmp_path / "accepted"
    taken.mkdir()
    screen().save(taken / "chat.png")
    pictures.accept(taken, accepted, pictures.compare(taken, accepted))
    return taken, accepted


def test_what_was_accepted_is_the_same(folders: tuple[Path, Path]) -> None:
    assert pictures.compare(*folders) == []


@pytest.mark.parametrize(
    "planted",
    [
        screen(text="Sand"),
        screen(colour="#7A3050"),
        screen().transform((300, 500), Image.Transform.AFFINE, (1, 0, 1, 0, 1, 1), fillcolor="#FBFCFE"),
        screen().resize((301, 500)),
    ],
    ids=["a letter", "a colour", "a pixel's shift", "a size"],
)
def test_a_change_in_looks_is_found(folders: tuple[Path, Path], planted: Image.Image) -> None:
    planted.save(folders[0] / "chat.png")
    assert [found.name for found in pictures.compare(*folders)] == ["chat.png"]


def test_a_new_and_a_left_over_picture_are_found(folders: tuple[Path, Path]) -> None:
    taken, accepted = folders
    (taken / "chat.png").rename(taken / "talk.png")
    differences = pictures.compare(taken, accepted)
    assert {found.name for found in differences} == {"chat.png", "talk.png"}
    pictures.accept(taken, accepted, differences)
    assert [path.name for path in accepted.iterdir()] == ["talk.png"]
    assert pictures.compare(taken, accepted) == []


# Steps and downloads.


def test_a_step_is_done_again_only_when_what_it_reads_changes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.kt").write_text("one")
    done: list[str] = []

    def steps(text: str) -> None:
        Steps(tmp_path).run("compile it", [source, text], lambda: done.append(text))

    steps("flags")
    steps("flags")
    assert done == ["flags"]
    (source / "a.kt").write_text("two")
    steps("flags")
    steps("other flags")
    (source / "b.kt").touch()
    steps("other flags")
    assert len(done) == 4


def test_a_step_that_failed_is_done_again(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError

    Steps(tmp_path).run("it", ["text"], lambda: None)
    with pytest.raises(RuntimeError):
        Steps(tmp_path).run("it", ["changed"], fail)
    done: list[int] = []
    Steps(tmp_path).run("it", ["text"], lambda: done.append(1))
    assert done == [1]


def test_the_lock_holds_no_file_twice_with_different_hashes() -> None:
    hashes: dict[str, str] = {}
    for artifact in artifacts.read_lock():
        assert hashes.setdefault(artifact.file, artifact.sha256) == artifact.sha256
    assert len(hashes) > 150
