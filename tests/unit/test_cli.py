"""The command line as people and programs use it: real processes, pipes and terminals."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handheld.build import BuiltApp
from handheld.tools import Tools
from helpers.apps import tree_of
from helpers.command import Command
from helpers.lanes import need

SENTENCES = ("Cause: ", "Fix: ")


@pytest.fixture
def handheld(tmp_path: Path, own_tools: Tools) -> Command:
    return Command(tmp_path, {"HANDHELD_CACHE": str(own_tools.cache)})


@pytest.fixture
def echo_app(echo_built: BuiltApp, tmp_path: Path) -> Path:
    """A copy of an app that needs no model, built before."""
    return Path(shutil.copytree(echo_built.app.directory, tmp_path / "parrot"))


def explained(text: str) -> None:
    """A failure says what failed, why, and what to do."""
    assert all(word in text for word in SENTENCES), text


# handheld --version


def test_the_version(handheld: Command) -> None:
    assert handheld("--version").out == "handheld 0.1.0\n"


def test_the_version_takes_no_time(handheld: Command) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(5):
        handheld("--version")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 5
    assert cpu <= 0.15


def test_a_command_imports_what_it_uses(handheld: Command) -> None:
    code = "import sys; from handheld.__main__ import _run; _run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"

    def imported(*arguments: str) -> set[str]:
        argv = [sys.executable, "-c", code, *arguments]
        environ = handheld._environ({})
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, cwd=handheld.folder, check=False)
        return set(done.stderr.split())

    assert not imported("--version") & {"rich", "cookiecutter", "jinja2", "ctypes", "subprocess", "tomllib", "psutil"}
    new = imported("new", "Parrot", "--model", "echo", "--directory", "fast")
    assert "jinja2" in new
    assert not new & {"cookiecutter", "requests", "numpy", "rich.progress", "huggingface_hub"}


# handheld new


def test_an_app_from_one_command(handheld: Command, tmp_path: Path) -> None:
    done = handheld("new", "Parrot", "--model", "echo")
    assert done.out.startswith("parrot/\n")
    assert "third_party/" in done.out
    assert done.out.rstrip().splitlines()[-3].lstrip().startswith("handheld run parrot")
    assert (tmp_path / "parrot" / "app.lock.toml").is_file()


def test_new_for_programs(handheld: Command, tmp_path: Path) -> None:
    done = handheld("new", "Parrot", "--model", "echo", "--platform", "android", "--json")
    written = done.json
    assert written["directory"] == str(tmp_path / "parrot")
    assert set(written["files"]) == set(tree_of(tmp_path / "parrot"))
    assert written["next"]
    assert done.err == ""


def test_a_dry_run_writes_nothing(handheld: Command, tmp_path: Path) -> None:
    done = handheld("new", "Parrot", "--task", "chat", "--dry-run")
    assert "SmolLM2" in done.out
    plan = handheld("new", "Parrot", "--dry-run", "--json").json
    assert plan["platforms"] == ["android", "ios"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "Parrot", "--task", "chatt"], "'chat'"),
        (["new", "Parrot", "--runtime", "lama.cpp"], "llama_cpp"),
        (["new", "Parrot", "--platform", "andorid"], "android"),
        (["new", "Parrot", "--model", "smollm"], "smollm2"),
        (["new", "🦜"], "no letter"),
        (["new", "Parrot", "--model", "/no/such.gguf"], "does not exist"),
        (["new"], "needs a name"),
        (["new", "--from", "nowhere.toml"], "nowhere.toml"),
        (["new", "Parrot", "--frm", "x"], "--from"),
        (["run", "--on", "android"], "app.lock.toml"),
        (["run", "a", "b", "c"], "quotes"),
    ],
)
def test_bad_input(handheld: Command, tmp_path: Path, arguments: list[str], said: str) -> None:
    done = handheld(*arguments, exit_code=None)
    assert done.exit_code in {2, 4}
    assert said in done.err
    assert done.out == ""
    told = handheld(*arguments, "--json", exit_code=done.exit_code)
    assert told.json["exit_code"] == done.exit_code
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder(handheld: Command, echo_app: Path) -> None:
    before = tree_of(echo_app)
    done = handheld("new", "Parrot", "--model", "echo", exit_code=2)
    explained(done.err)
    assert tree_of(echo_app) == before


def test_the_same_again_is_no_work(handheld: Command) -> None:
    handheld("new", "Parrot", "--model", "echo")
    done = handheld("new", "Parrot", "--model", "echo", "--force")
    assert "up to date" in done.out


def test_an_edited_app_toml_is_rendered_again(handheld: Command, tmp_path: Path) -> None:
    handheld("new", "Parrot", "--model", "echo")
    own = tmp_path / "parrot" / "app.toml"
    own.write_text("# mine\n" + own.read_text() + "\n[task.chat.settings]\ntemperature = 0.25\n")
    handheld("new", "--from", "parrot/app.toml", "--force")
    manifest = json.loads((tmp_path / "parrot/tasks/chat/task.json").read_text())
    assert manifest["settings"]["temperature"]["default"] == 0.25
    assert own.read_text().startswith("# mine")


def test_two_at_once(handheld: Command, tmp_path: Path) -> None:
    for round_ in range(3):
        target = tmp_path / f"app{round_}"
        both = [handheld.start("new", name, "--model", "echo", "-C", target) for name in ("Parrot", "Cockatoo")]
        codes = []
        for process in both:
            process.communicate()
            codes.append(process.returncode)
        assert sorted(codes) == [0, 2]
        assert (target / "app.lock.toml").is_file()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_ended_at_any_moment(handheld: Command, tmp_path: Path, how: signal.Signals) -> None:
    target = tmp_path / "parrot"
    for step in range(8):
        process = handheld.start("new", "Parrot", "--model", "echo", "-C", target)
        time.sleep(0.06 + 0.07 * step)
        process.send_signal(how)
        process.communicate()
        if target.exists():
            assert handheld("show", target).out
            shutil.rmtree(target)
    handheld("new", "Parrot", "--model", "echo", "-C", target)
    assert [path.name for path in tmp_path.iterdir()] == ["parrot"]


def test_a_disk_that_runs_full(handheld: Command, tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mount = f"mount -t tmpfs -o size=300k tmpfs {place}"
    can = subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, check=False).returncode == 0
    need(can, "user namespaces", "sudo sysctl kernel.unprivileged_userns_clone=1")
    command = (
        f'{mount} && {sys.executable} -m handheld new Parrot --model echo -C {place}/p; echo "code $?"; ls -A {place}'
    )
    argv = ["unshare", "-rm", "sh", "-c", command]
    done = subprocess.run(argv, env=handheld._environ({}), capture_output=True, text=True, check=False)
    assert done.stdout == "code 3\n", "nothing is left behind"
    assert "disk is full" in done.stderr
    explained(done.stderr)


def test_a_target_that_cannot_be_written(handheld: Command) -> None:
    done = handheld("new", "Parrot", "--model", "echo", "-C", "/sys/kernel/parrot", exit_code=3)
    explained(done.err)


def test_a_short_conversation(handheld: Command, tmp_path: Path) -> None:
    terminal = handheld.terminal("new")
    terminal.wait_for("called?")
    terminal.type("🦜\n")
    terminal.wait_for("cannot be used")
    terminal.type("Kea\n")
    terminal.wait_for("do?")
    terminal.type("\n")
    terminal.wait_for("model?")
    terminal.type("echo\n")
    terminal.wait_for("platforms?")
    terminal.type("ios\n")
    terminal.wait_for("Next:")
    assert terminal.end() == 0
    assert (tmp_path / "kea" / "ios").is_dir()
    assert not (tmp_path / "kea" / "android").exists()


def test_leaving_the_conversation(handheld: Command, tmp_path: Path) -> None:
    terminal = handheld.terminal("new")
    terminal.wait_for("called?")
    assert terminal.end(press="\x03") == 130
    assert list(tmp_path.iterdir()) == []


# handheld run


def test_a_prompt(handheld: Command, echo_app: Path) -> None:
    assert handheld("run", echo_app, "Zażółć 🦜").out == "Zażółć 🦜\n"
    assert Command(echo_app, handheld.environ)("run", "Hello").out == "Hello\n"


def test_a_prompt_from_a_pipe(handheld: Command, echo_app: Path) -> None:
    assert handheld("run", echo_app, "-", stdin="Grüße".encode()).out == "Grüße\n"


def test_pieces_and_a_report_for_programs(handheld: Command, echo_app: Path) -> None:
    *pieces, report = handheld("run", echo_app, "Hi!", "--json").events
    assert [piece["text"] for piece in pieces] == ["H", "i", "!"]
    assert {piece["event"] for piece in pieces} == {"piece"}
    assert report["event"] == "report"
    wanted = {"load_ms", "time_to_first_token_ms", "prompt_tokens_per_s", "generated_tokens_per_s", "memory", "threads"}
    assert wanted | {"accelerator", "status", "text", "exit_code"} <= set(report)
    assert set(report["memory"]) >= {"model", "cache", "compute", "process_peak"}


def test_an_accelerator_that_is_not_there_is_told(handheld: Command, echo_app: Path) -> None:
    *_, report = handheld("run", echo_app, "Hi!", "--accelerator", "gpu", "--json").events
    assert report["accelerator"] == "cpu"
    assert report["accelerator_note"].startswith("gpu was asked for; ")
    assert "accelerator_note" not in handheld("run", echo_app, "Hi!", "--json").events[-1]
    assert "npu was asked for; " in handheld("run", echo_app, "--golden", "--accelerator", "npu").out


def test_settings_options_and_earlier_values(handheld: Command, echo_app: Path) -> None:
    *_, report = handheld("run", echo_app, "abcdef", "--set", "max_tokens=3", "--json").events
    assert (report["text"], report["finish_reason"]) == ("abc", "length")
    handheld("run", echo_app, "x", "--send", "system=Be kind", "--option", "context=64")


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["--set", "temprature=1"], 2),
        (["--set", "temperature=hot"], 2),
        (["--set", "temperature"], 2),
        (["--option", "context=1"], 2),
        (["--send", "nowhere=x"], 2),
        (["--task", "paint"], 2),
        (["--on", "android"], 2),
        (["--on", "android:"], 2),
        (["--tests"], 2),
        (["--on", "mars"], 2),
    ],
)
def test_a_run_that_is_refused(handheld: Command, echo_app: Path, arguments: list[str], exit_code: int) -> None:
    done = handheld("run", echo_app, "Hi", *arguments, exit_code=exit_code)
    assert done.out == ""
    assert done.err.strip()
    told = handheld("run", echo_app, "Hi", *arguments, "--json", exit_code=exit_code)
    assert told.json["error"]["what"]


def test_another_target_says_what_to_do(handheld: Command, echo_app: Path) -> None:
    done = handheld("run", echo_app, "--on", "ios-simulator", exit_code=3)
    explained(done.err)
    assert "Xcode" in done.err


@pytest.mark.parametrize("prompt", [b"caf\xe9", b"\xff" * 10, b"half \xf0\x9f\xa6"])
def test_a_prompt_that_is_not_utf8(handheld: Command, echo_app: Path, prompt: bytes) -> None:
    explained(handheld("run", echo_app, "-", stdin=prompt, exit_code=2).err)
    assert handheld("run", echo_app, "-", "--json", stdin=prompt, exit_code=2).json["exit_code"] == 2


def test_a_prompt_of_100_mb(handheld: Command, echo_app: Path) -> None:
    assert "104857600 bytes" in handheld("run", echo_app, "-", stdin=b"x" * 104857600, exit_code=2).err


def test_a_prompt_longer_than_the_context(handheld: Command, echo_app: Path) -> None:
    done = handheld("run", echo_app, "-", "--option", "context=32", stdin=b"x" * 5000, exit_code=1)
    explained(done.err)
    assert "context" in done.err


def test_a_model_that_is_not_there(handheld: Command, echo_app: Path) -> None:
    (echo_app / "tasks/chat/model.echo").unlink()
    done = handheld("run", echo_app, "Hi", exit_code=4)
    explained(done.err)
    assert "fetch.py" in done.err


def test_a_model_that_was_changed(handheld: Command, echo_app: Path) -> None:
    (echo_app / "tasks/chat/model.echo").write_text("ecHo\n")
    said = handheld("run", echo_app, "Hi", exit_code=4).err
    explained(said)
    assert "sha256" in said


def test_the_golden_case(handheld: Command, echo_app: Path) -> None:
    assert handheld("run", echo_app, "--golden").out.startswith("chat: passed")
    golden = echo_app / "tasks/chat/golden.json"
    case = json.loads(golden.read_text())
    golden.write_text(json.dumps(case | {"expect": {"contains": ["something else"]}}))
    explained(handheld("run", echo_app, "--golden", exit_code=1).err)
    assert handheld("run", echo_app, "--golden", "--json", exit_code=1).json["exit_code"] == 1


def test_an_answer_without_a_word_proves_nothing(handheld: Command, echo_app: Path) -> None:
    golden = echo_app / "tasks/chat/golden.json"
    case = json.loads(golden.read_text())
    blank = [{"port": "user", "text": "  "}]
    golden.write_text(json.dumps(case | {"send": blank, "expect": {"contains": []}}))
    assert "a single letter" in handheld("run", echo_app, "--golden", exit_code=1).err


def test_whoever_stops_reading_ends_it(handheld: Command, echo_app: Path) -> None:
    process = handheld.start("run", echo_app, "x" * 1800, "--json")  # more than a pipe holds
    assert process.stdout is not None
    assert process.stdout.read(1) == b"{"
    process.stdout.close()
    process.stdout = None
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"Traceback" not in said


def test_a_conversation_through_a_pipe(handheld: Command, echo_app: Path) -> None:
    done = handheld("run", echo_app, stdin=b"one\n\n/reset\ntwo\n/what\n/quit\nthree\n")
    assert done.out.split() == ["one", "two"]


def test_an_answer_streams_on_one_line_of_a_terminal(handheld: Command, echo_app: Path) -> None:
    terminal = handheld.terminal("run", echo_app, "one two three four")
    terminal.wait_for("one two three four")  # bars that are still drawn would put each piece on a line of its own
    assert terminal.end() == 0


def test_a_conversation_in_a_terminal(handheld: Command, echo_app: Path) -> None:
    terminal = handheld.terminal("run", echo_app)
    terminal.wait_for("Ctrl-D leaves")
    terminal.wait_for("> ")
    terminal.type("Hello\n")
    terminal.wait_for("Hello\r\n")
    terminal.wait_for("Hello")
    terminal.wait_for("> ")
    terminal.type("half a li")
    terminal.wait_for("half a li")
    terminal.type("\x03")
    terminal.wait_for("> ")
    terminal.type("/report\n")
    terminal.wait_for('"threads"')
    terminal.wait_for("> ")
    terminal.type("\x04")
    assert terminal.end() == 0


def test_no_compiler(handheld: Command, echo_app: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    environ = {"PATH": str(tmp_path / "bin"), "CC": "", "CXX": "", "HANDHELD_CACHE": str(tmp_path / "empty")}
    done = handheld("run", echo_app, "Hi", exit_code=3, environ=environ)
    explained(done.err)
    assert "no C and C++ compiler" in done.err


# The real model. One thread: beside other programs two may wait for each other most of the time.

ONE_THREAD = ("--option", "threads=1")


def test_the_real_golden_case(handheld: Command, model_built: BuiltApp) -> None:
    assert "Paris" in handheld("run", model_built.app.directory, "--golden").out


def test_ctrl_c_keeps_what_was_made(handheld: Command, model_built: BuiltApp) -> None:
    long = ["--set", "max_tokens=1000", "--set", "temperature=0", *ONE_THREAD]
    process = handheld.start("run", model_built.app.directory, "Count from one to a thousand.", "--json", *long)
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert first["event"] == "piece"
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    rest = process.stdout.read().splitlines()
    assert process.wait(30) == 130
    assert time.monotonic() - begin < 20
    report = json.loads(rest[-1])
    assert report["event"] == "report"
    assert report["status"] == "cancelled"
    assert report["text"].startswith(first["text"])
    process.communicate()  # closes the pipes


def test_an_answer_streams(handheld: Command, model_built: BuiltApp) -> None:
    few = ["--set", "max_tokens=40", *ONE_THREAD]
    process = handheld.start("run", model_built.app.directory, "Count from one to a thousand.", *few)
    assert process.stdout is not None
    first = os.read(process.stdout.fileno(), 65536)
    rest, _ = process.communicate(timeout=60)
    assert first.strip()
    assert rest.strip(), "not all of it came at once"
    assert process.returncode == 0


def test_ctrl_c_while_a_long_prompt_is_read(handheld: Command, model_built: BuiltApp) -> None:
    prompt = "word " * 1500
    process = handheld.start("run", model_built.app.directory, prompt, "--option", "batch=16", *ONE_THREAD)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert b"Traceback" not in err


def test_ctrl_c_in_a_conversation_stops_the_answer_only(handheld: Command, model_built: BuiltApp) -> None:
    terminal = handheld.terminal("run", model_built.app.directory, "--set", "max_tokens=2000", *ONE_THREAD)
    terminal.wait_for("> ")
    terminal.type("Write a very long story about a parrot.\n")
    terminal.wait_for("parrot.\r\n")
    time.sleep(1)
    terminal.type("\x03")
    terminal.wait_for("> ")
    terminal.type("/quit\n")
    assert terminal.end() == 0


# handheld build, show, list, doctor, completion


def test_building_twice(handheld: Command, echo_app: Path) -> None:
    built = handheld("build", echo_app, "--json").json
    assert built["from_cache"]
    assert Path(built["artefact"]).stat().st_size == built["bytes"]
    assert "built before" in handheld("build", echo_app).out


def test_where_an_app_can_run(handheld: Command, echo_app: Path, tmp_path: Path) -> None:
    here, *_ = handheld("run", echo_app, "--list", "--json").json
    assert (here["target"], here["kind"], here["ready"]) == ("host", "computer", True)
    assert "ready" in handheld("build", echo_app, "--list").out
    (tmp_path / "bin").mkdir()
    said = handheld("run", echo_app, "--list", environ={"PATH": str(tmp_path / "bin"), "CC": "", "CXX": ""}).out
    assert "ready" not in said
    assert "without a compiler" in said


def test_showing_an_app(handheld: Command, echo_app: Path) -> None:
    assert "Next:" in handheld("show", echo_app).out
    assert handheld("show", echo_app, "--json").json["name"] == "Parrot"


def test_the_catalogue(handheld: Command) -> None:
    text = handheld("list").out
    listed = handheld("list", "--json").json
    assert all(model["name"] in text and model["licence"] in text for model in listed["models"])
    assert {"name", "task", "bytes", "licence", "proven"} <= set(listed["models"][0])
    assert {task["name"] for task in listed["tasks"]} == {model["task"] for model in listed["models"]}


def test_the_runtimes_alone(handheld: Command) -> None:
    text = handheld("list", "--runtimes").out
    listed = handheld("list", "--runtimes", "--json").json
    assert list(listed) == ["runtimes"]
    assert all(runtime["name"] in text and runtime["licence"] in text for runtime in listed["runtimes"])
    assert {"shapes", "formats", "platforms", "versions", "proven", "bytes"} <= set(listed["runtimes"][0])


def test_the_doctor(handheld: Command, tmp_path: Path) -> None:
    told = handheld("doctor", "--json", exit_code=None).json
    assert told["lanes"][0]["name"] == "host"
    (tmp_path / "bin").mkdir()
    done = handheld("doctor", exit_code=3, environ={"PATH": str(tmp_path / "bin"), "CC": "", "CXX": ""})
    missing = [line for line in done.out.splitlines() if "missing;" in line]
    assert missing
    assert all(line.split("missing; ")[1] for line in missing), "each with what brings it"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(handheld: Command, shell: str) -> None:
    script = handheld("completion", shell).out
    assert "_HANDHELD_COMPLETE" in script
    given = {"_HANDHELD_COMPLETE": "bash_complete", "COMP_WORDS": "handheld new --task ch", "COMP_CWORD": "3"}
    answer = handheld(environ=given).out
    assert answer.strip() == "plain,chat"
    answer = handheld(environ={**given, "COMP_WORDS": "handheld run --on ios", "COMP_CWORD": "3"}).out
    assert answer.split() == ["plain,ios-simulator", "plain,ios-device"]
