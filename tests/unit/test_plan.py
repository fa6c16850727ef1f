"""All decisions: the same input gives the same plan, and what does not fit is explained."""

from __future__ import annotations

import dataclasses
import json
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handheld.app_errors import SettingOfAnotherShape
from handheld.catalog import Catalog, load_catalog
from handheld.catalog_keys import SLOTS
from handheld.errors import (
    NothingFits,
)
from handheld.plan import HfRef, Plan, finish_manifest, make_plan, plan_to_json
from handheld.spec import TaskChoice, load_app_toml
from helpers.catalogues import BETA, DEFAULT_MODEL, TASK, RuntimeText, text_model, write_catalogue
from helpers.plans import DIRECTORY, FACTS, small_catalogue, spec_of, with_model


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return small_catalogue(tmp_path)


def test_the_default(catalog: Catalog) -> None:
    plan = make_plan(spec_of(), catalog, FACTS)
    (task,) = plan.tasks
    assert (task.runtime.name, task.shape, task.model.name, task.model.kind) == ("beta", "generate", "plain", "catalog")
    assert task.golden == catalog.tasks["talk"].goldens["plain"]
    assert (plan.bundle_bytes, plan.platforms, plan.directory) == (5, ("android", "ios"), DIRECTORY)
    assert plan.warnings == ()


SHOW = """
name = "show"
title = "Show"
summary = "Shows any model."
shapes = ["embed"]
[[port]]
name = "*"
direction = "in"
kind = "text"
summary = "Any."
[android]
entry = "ShowTask"
[ios]
entry = "ShowTask"
"""
BOTH = RuntimeText(shape='generate", "embed')
SAID = '[[port]]\nname = "said"\ndirection = "out"\nkind = "text"\nsummary = "What comes."\nshapes = ["generate"]\n'
BY_SHAPE = TASK.replace("[[setting]]", f"{SAID}[[setting]]", 1).replace(
    'name = "steps"\n', 'name = "steps"\nshapes = ["embed"]\n'
)


def test_a_model_chooses_the_shape_that_it_has(tmp_path: Path) -> None:
    catalog = write_catalogue(tmp_path, runtimes=(BOTH, BETA), task=BY_SHAPE)
    (tmp_path / "templates/tasks/talk/golden/default-embed.json").write_text("{}", encoding="utf-8")
    catalog = load_catalog(tmp_path)
    for shape, ports, options in (("generate", ["user", "said"], 2), ("embed", ["user"], 3)):
        facts = with_model("/m/tiny.gguf", shape=shape)
        (task,) = make_plan(spec_of(TaskChoice("talk", model="/m/tiny.gguf")), catalog, facts).tasks
        manifest: Any = task.manifest
        assert (task.shape, manifest["shape"], task.runtime.name) == (shape, shape, "alpha")
        assert [port["name"] for port in manifest["ports"]] == ports
        assert len(manifest["options"]) == options
        assert task.golden is not None
        assert task.golden.stem == ("default-embed" if shape == "embed" else "default")
    given = TaskChoice("talk", model="/m/tiny.gguf", options={"steps": 2})
    with pytest.raises(SettingOfAnotherShape, match="no 'steps' for a model of the shape 'generate'"):
        make_plan(spec_of(given), catalog, with_model("/m/tiny.gguf", shape="generate"))


def test_a_model_of_another_shape_is_explained(tmp_path: Path) -> None:
    catalog = write_catalogue(tmp_path)
    choice = TaskChoice("talk", model="/m/tiny.gguf", runtime="alpha")
    with pytest.raises(NothingFits) as caught:
        make_plan(spec_of(choice), catalog, with_model("/m/tiny.gguf", shape="embed"))
    assert "Alpha.c: shape: the model gives 'embed', the runtime 'generate'" in caught.value.cause


def test_where_nobody_names_a_task_the_model_decides(tmp_path: Path) -> None:
    write_catalogue(tmp_path, runtimes=(BOTH, BETA))
    (tmp_path / "templates/tasks/show").mkdir()
    (tmp_path / "templates/tasks/show/task.toml").write_text(SHOW, encoding="utf-8")
    catalog = load_catalog(tmp_path)
    # Both tasks take a model that embeds; the one that takes any names comes first.
    for shape, guessed, task in (
        ("generate", True, "talk"),
        ("embed", True, "show"),
        ("embed", False, "talk"),
        (None, True, "talk"),
    ):
        choice = TaskChoice("talk", model="/m/tiny.gguf", guessed=guessed)
        plan = make_plan(spec_of(choice), catalog, with_model("/m/tiny.gguf", shape=shape))
        assert [item.task.name for item in plan.tasks] == [task]
        assert f"[task.{task}]" in plan.app_toml


def test_the_manifest_is_the_task_json(catalog: Catalog) -> None:
    choice = TaskChoice("talk", settings={"warmth": 1.5}, options={"steps": 2, "mode": "fancy"})
    choice = replace(choice, chat_template="T", accelerator="cpu", memory_mb=9.5)
    task = make_plan(spec_of(choice), catalog, FACTS).tasks[0]
    model = catalog.tasks["talk"].models[0]
    assert task.manifest == {
        "handheld": 1,
        "task": "talk",
        "title": "Talk",
        "runtime": "beta",
        "shape": "generate",
        "files": {"weights": "plain.bt"},
        "model": {"name": "plain", "title": "Model plain", "licence": "MIT", "bytes": 5, "sha256": model.sha256},
        "chat_template": "T",
        "accelerator": "cpu",
        "memory_mb": 9.5,
        "ports": [{"name": "user", "direction": "in", "kind": "text", "summary": "What a person says."}],
        "settings": {
            "warmth": {"type": "number", "default": 1.5, "minimum": 0.0, "maximum": 2.0, "summary": "How warm."},
            "stop": {"type": "strings", "default": [], "summary": "Where to end."},
        },
        "options": {
            "mode": {"type": "choice", "default": "fancy", "choices": ["plain", "fancy"], "summary": "How."},
            "steps": {"type": "integer", "default": 2, "minimum": 1, "maximum": 8, "summary": "How many."},
            "loud": {"type": "boolean", "default": False, "summary": "Whether."},
        },
    }


def test_keys_that_say_nothing_are_left_out(catalog: Catalog) -> None:
    manifest = make_plan(spec_of(), catalog, FACTS).tasks[0].manifest
    assert not {"chat_template", "accelerator", "memory_mb"} & set(manifest)


def default_stop(plan: Plan) -> object:
    settings = plan.tasks[0].manifest["settings"]
    assert isinstance(settings, dict)
    return settings["stop"]["default"]


def test_a_models_stops_are_the_default(catalog: Catalog) -> None:
    asked = TaskChoice("talk", model="stops")
    assert default_stop(make_plan(spec_of(asked), catalog, FACTS)) == ["\n"]
    own = replace(asked, settings={"stop": ("END",)})
    assert default_stop(make_plan(spec_of(own), catalog, FACTS)) == ["END"]


def test_a_local_model(catalog: Catalog) -> None:
    path = "/models/My model (v1).GGUF"
    plan = make_plan(spec_of(TaskChoice("talk", model=path)), catalog, with_model(path, name="Own"))
    model = plan.tasks[0].model
    assert (model.kind, model.path, model.title, model.licence) == ("path", Path(path), "Own", "mit")
    assert (model.file, model.name) == ("My-model-v1-.GGUF", "my-model-v1")
    assert (model.bytes, model.sha256, plan.bundle_bytes) == (1000, None, 1000)
    assert plan.tasks[0].runtime.name == "alpha"
    assert plan.tasks[0].golden == catalog.tasks["talk"].goldens["default"]
    assert 'model = "./tasks/talk/My-model-v1-.GGUF"' in plan.app_toml


@pytest.mark.parametrize(("name", "file"), [("_x.gguf", "x.gguf"), (".gguf", "gguf"), ("żółw.gguf", "w.gguf")])
def test_names_that_asset_tools_take(catalog: Catalog, name: str, file: str) -> None:
    path = f"/models/{name}"
    assert make_plan(spec_of(TaskChoice("talk", model=path)), catalog, with_model(path)).tasks[0].model.file == file


@pytest.mark.parametrize(
    ("reference", "ref"),
    [
        ("hf:org/repo/file.gguf", HfRef("org/repo", "main", "file.gguf")),
        ("hf:org/repo@v1.0/sub/file.Q4.gguf", HfRef("org/repo", "v1.0", "sub/file.Q4.gguf")),
    ],
)
def test_a_hub_model(catalog: Catalog, reference: str, ref: HfRef) -> None:
    plan = make_plan(spec_of(TaskChoice("talk", model=reference)), catalog, FACTS)
    model = plan.tasks[0].model
    assert (model.kind, model.hf, model.format, model.bytes) == ("hf", ref, "gguf", None)
    assert (plan.bundle_bytes, plan.disk_bytes, plan.device_bytes) == (None, None, {"android": None, "ios": None})
    assert f'model = "{reference}"' in plan.app_toml
    manifest = finish_manifest(plan.tasks[0], bytes=7, sha256="ab")
    model_entry = manifest["model"]
    assert isinstance(model_entry, dict)
    assert (model_entry["bytes"], model_entry["sha256"], model_entry["licence"]) == (7, "ab", "unknown")
    assert list(manifest) == list(plan.tasks[0].manifest)


def test_app_toml_says_what_was_decided(catalog: Catalog, tmp_path: Path) -> None:
    plan = make_plan(spec_of(), catalog, FACTS)
    (tmp_path / "app.toml").write_text(plan.app_toml, encoding="utf-8")
    again = load_app_toml(tmp_path / "app.toml", catalog)
    assert (again.tasks[0].runtime, again.tasks[0].model) == ("beta", "plain")
    assert make_plan(replace(again, directory=DIRECTORY), catalog, FACTS) == plan


# What fits.


def test_the_first_shape_that_the_task_wants_wins(tmp_path: Path) -> None:
    embeds = RuntimeText(name="aaa", title="A", shape="embed", format="bt")
    catalog = write_catalogue(tmp_path, runtimes=(embeds, BETA))
    plan = make_plan(spec_of(), catalog, FACTS)
    assert (plan.tasks[0].runtime.name, plan.tasks[0].shape) == ("beta", "generate")
    asked = TaskChoice("talk", runtime="aaa")
    assert make_plan(spec_of(asked), catalog, FACTS).tasks[0].shape == "embed"


def test_a_runtime_brings_the_first_model_that_it_can_run(catalog: Catalog, tmp_path: Path) -> None:
    runtimes = (RuntimeText(format="odd"), BETA)
    odd = write_catalogue(tmp_path / "x", DEFAULT_MODEL, text_model("odd", "xyz", suffix="odd"), runtimes=runtimes)
    assert make_plan(spec_of(TaskChoice("talk", runtime="alpha")), odd, FACTS).tasks[0].model.name == "odd"
    del catalog


MISFITS: list[tuple[tuple[RuntimeText, ...], TaskChoice, list[str], list[str]]] = [
    (
        (RuntimeText(), BETA),
        TaskChoice("talk", runtime="alpha", model="plain"),
        ["Alpha.c: model format: the model is 'bt', the runtime takes 'gguf'"],
        ["--runtime beta"],
    ),
    (
        (RuntimeText(shape="tensors", format="bt"),),
        TaskChoice("talk"),
        ["Alpha.c: shape: the task asks for 'generate', 'embed', the runtime gives 'tensors'"],
        [],
    ),
    (
        (replace(BETA, platforms=("host", "android")),),
        TaskChoice("talk"),
        ["Beta: platform: it does not run on ios, only on host, android"],
        ["--runtime beta --platform android"],
    ),
    (
        (RuntimeText(format="bt"), replace(BETA, accelerators="gpu")),
        TaskChoice("talk", runtime="alpha", accelerator="gpu"),
        [
            "Alpha.c: accelerator: it has no 'gpu' on android, only 'cpu'",
            "Alpha.c: accelerator: it has no 'gpu' on ios",
        ],
        ["--runtime beta", "--runtime alpha without an accelerator"],
    ),
    (
        (RuntimeText(), BETA),
        TaskChoice("talk", model="odd"),
        ["Alpha.c: model format: the model is 'odd'", "Beta: model format: the model is 'odd'"],
        ["--model plain"],
    ),
]


@pytest.mark.parametrize(("runtimes", "choice", "reasons", "works"), MISFITS, ids=[row[2][0][:40] for row in MISFITS])
def test_what_does_not_fit_is_explained(
    tmp_path: Path, runtimes: tuple[RuntimeText, ...], choice: TaskChoice, reasons: list[str], works: list[str]
) -> None:
    odd = text_model("odd", "xyz", suffix="odd")
    catalog = write_catalogue(tmp_path, DEFAULT_MODEL, odd, runtimes=runtimes)
    with pytest.raises(NothingFits) as caught:
        make_plan(spec_of(choice), catalog, FACTS)
    for reason in reasons:
        assert reason in caught.value.cause
    for way in works:
        assert way in caught.value.fix
    assert caught.value.fix


def test_what_the_message_proposes_works(tmp_path: Path) -> None:
    catalog = write_catalogue(tmp_path, runtimes=(RuntimeText(), BETA))
    with pytest.raises(NothingFits) as caught:
        make_plan(spec_of(TaskChoice("talk", runtime="alpha", model="plain")), catalog, FACTS)
    assert caught.value.fix == "Use --runtime beta"
    make_plan(spec_of(TaskChoice("talk", runtime="beta", model="plain")), catalog, FACTS)


def test_the_task_that_fits_a_model_is_proposed(tmp_path: Path) -> None:
    arrays = replace(BETA, format="odd", shape="tensors")
    write_catalogue(tmp_path, text_model("odd", "xyz", suffix="odd"), runtimes=(RuntimeText(), arrays))
    folder = tmp_path / "templates" / "tasks" / "count"
    folder.mkdir()
    text = TASK.replace('"talk"', '"count"').replace('shapes = ["generate", "embed"]', 'shapes = ["tensors"]')
    (folder / "task.toml").write_text(text + text_model("odd", "xyz", suffix="odd"), encoding="utf-8")
    catalog = load_catalog(tmp_path)
    with pytest.raises(NothingFits) as caught:
        make_plan(spec_of(TaskChoice("talk", model="odd")), catalog, FACTS)
    assert "--task count" in caught.value.fix
    make_plan(spec_of(TaskChoice("count", model="odd")), catalog, FACTS)


def test_a_machine_without_the_runtimes_library_is_told(tmp_path: Path) -> None:
    library = (
        '[[library]]\nname = "liba.so"\nos = "{os}"\narch = "x86_64"\npypi = "a==1"\npython = "3.11"\n'
        f'sha256 = "{"0" * 64}"\nbytes = 5\nmember = "a/liba.so.1"\n'
    )
    for system, said in (("linux", False), ("macos", True)):
        runtime = RuntimeText(format="bt", more=library.format(os=system))
        plan = make_plan(spec_of(), write_catalogue(tmp_path / system, DEFAULT_MODEL, runtimes=(runtime,)), FACTS)
        assert [item.os for item in plan.libraries] == [system]
        assert any("has no library for linux x86_64" in warning for warning in plan.warnings) == said


# Several tasks.


def test_slots_of_several_tasks_are_joined(tmp_path: Path) -> None:
    alpha = RuntimeText(
        format="odd",
        more='[android]\nno_compress = ["z", "a"]\ncmake_arguments = ["-DA=1"]\npermissions = ["p.Z"]\n'
        '[ios]\nframeworks = ["Metal"]\nusage = { NSX = "x" }\n',
    )
    beta = replace(BETA, more='[android]\nno_compress = ["a"]\n[ios]\nframeworks = ["Accelerate", "Metal"]\n')
    write_catalogue(tmp_path, runtimes=(alpha, beta))
    folder = tmp_path / "templates" / "tasks" / "sing"
    folder.mkdir()
    model = text_model("odd", "xyz", suffix="odd", more="default = true\n")
    (folder / "task.toml").write_text(TASK.replace('"talk"', '"sing"') + model, encoding="utf-8")
    plan = make_plan(spec_of(TaskChoice("talk"), TaskChoice("sing")), load_catalog(tmp_path), FACTS)
    assert [task.runtime.name for task in plan.tasks] == ["beta", "alpha"]
    assert plan.slots["android"]["no_compress"] == ("a", "z")
    assert plan.slots["android"]["cmake_arguments"] == ("-DA=1",)
    assert plan.slots["ios"]["frameworks"] == ("Accelerate", "Metal")
    assert plan.permissions == {
        "android": ("android.permission.RECORD_AUDIO", "p.Z"),
        "ios": {"NSMicrophoneUsageDescription": "To listen.", "NSX": "x"},
    }
    assert {name: set(slots) for name, slots in plan.slots.items()} == {
        name: set(slots) for name, slots in SLOTS.items()
    }
    assert plan.bundle_bytes == 8


# The plan as a value.


def test_json_is_plain_and_stable(catalog: Catalog) -> None:
    plan = make_plan(spec_of(TaskChoice("talk", settings={"warmth": 1})), catalog, FACTS)
    one, other = json.dumps(plan_to_json(plan)), json.dumps(plan_to_json(plan))
    assert one == other
    value = json.loads(one)
    assert list(value) == [
        "identity",
        "platforms",
        "directory",
        "force",
        "tasks",
        "sources",
        "libraries",
        "slots",
        "permissions",
        "bundle_bytes",
        "device_bytes",
        "disk_bytes",
        "processor",
        "app_toml",
        "warnings",
    ]
    assert value["tasks"][0]["manifest"]["settings"]["warmth"]["default"] == 1
    assert value["tasks"][0]["golden"] == "plain.json"
    assert str(catalog.root) not in one


def test_every_field_of_the_plan_is_shown(catalog: Catalog) -> None:
    plan = make_plan(spec_of(), catalog, FACTS)
    assert set(plan_to_json(plan)) == {field.name for field in dataclasses.fields(plan)}


def test_planning_touches_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*values: object, **more: object) -> object:
        raise AssertionError(f"planning does I/O: {values} {more}")

    for owner, name in ((Path, "open"), (Path, "stat"), (Path, "exists"), (subprocess, "Popen"), (socket, "socket")):
        monkeypatch.setattr(owner, name, refuse)
    monkeypatch.setattr("builtins.open", refuse)
    make_plan(spec_of(), catalog, FACTS)
