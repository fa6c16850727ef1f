"""What a person asks for, on the command line and in app.toml."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import jsonschema
import pytest

from handheld.catalog import Catalog, load_catalog
from handheld.errors import (
    AppTomlWrong,
    ChoiceForWhichTask,
    ChosenTwice,
    HandheldError,
    InputError,
    NotToml,
    UnknownChoice,
    Unreadable,
)
from handheld.identity import identify
from handheld.spec import AppSpec, Request, TaskChoice, app_schema, load_app_toml, read_spec, write_app_toml
from helpers.catalogues import BETA, DEFAULT_MODEL, TASK, RuntimeText, text_model, write_catalogue


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return write_catalogue(tmp_path / "root", DEFAULT_MODEL, text_model("other", "x"))


@pytest.fixture
def two_shapes(tmp_path: Path) -> Catalog:
    """`sing` and `talk`, each of a shape of its own, with a runtime for it that takes .song or .say."""
    root = tmp_path / "root"
    arrays = dataclasses.replace(BETA, format="song", shape="tensors")
    write_catalogue(root, runtimes=(RuntimeText(format="say"), arrays))
    folder = root / "templates" / "tasks" / "sing"
    folder.mkdir()
    text = TASK.replace('"talk"', '"sing"').replace('shapes = ["generate", "embed"]', 'shapes = ["tensors"]')
    (folder / "task.toml").write_text(text + DEFAULT_MODEL, encoding="utf-8")
    return load_catalog(root)


@pytest.fixture
def two_tasks(tmp_path: Path) -> Catalog:
    root = tmp_path / "root"
    write_catalogue(root)
    folder = root / "templates" / "tasks" / "sing"
    folder.mkdir()
    (folder / "task.toml").write_text(TASK.replace('"talk"', '"sing"') + DEFAULT_MODEL, encoding="utf-8")
    return load_catalog(root)


# The command line.


@pytest.mark.parametrize(
    ("model", "task"),
    [("x.song", "sing"), ("x.SAY", "talk"), ("hf:a/b/x.say", "talk"), ("x.odd", "sing"), ("plain", "sing")],
)
def test_the_model_chooses_the_task(two_shapes: Catalog, here: Path, model: str, task: str) -> None:
    del here
    assert [choice.task for choice in read_spec(Request("Parrot", models=(model,)), two_shapes).tasks] == [task]
    asked = Request("Parrot", tasks=("talk",), models=(model,))
    assert [choice.task for choice in read_spec(asked, two_shapes).tasks] == ["talk"], "a person's word counts more"


def test_a_model_of_a_person_s_own_goes_where_any_names_will_do(two_shapes: Catalog, here: Path) -> None:
    del here
    sing, talk = two_shapes.tasks["sing"], two_shapes.tasks["talk"]
    alike = dataclasses.replace(two_shapes, tasks={"sing": dataclasses.replace(sing, shapes=talk.shapes), "talk": talk})
    assert read_spec(Request("Parrot", models=("x.say",)), alike).tasks[0].task == "sing"
    wide = dataclasses.replace(talk, ports=(*talk.ports, dataclasses.replace(talk.ports[0], name="*")))
    alike = dataclasses.replace(alike, tasks={**alike.tasks, "talk": wide})
    assert read_spec(Request("Parrot", models=("x.say",)), alike).tasks[0].task == "talk"


def test_defaults(catalog: Catalog, here: Path) -> None:
    spec = read_spec(Request("Parrot"), catalog)
    assert spec == AppSpec(
        identity=identify("Parrot"),
        tasks=(TaskChoice("talk"),),
        platforms=("android", "ios"),
        directory=here / "parrot",
        any_platform=True,
    )


def test_a_task_without_default_model_is_no_default(two_tasks: Catalog) -> None:
    sing, talk = two_tasks.tasks["sing"], two_tasks.tasks["talk"]
    assert read_spec(Request("Parrot"), two_tasks).tasks[0].task == "sing"
    poor = dataclasses.replace(two_tasks, tasks={"sing": dataclasses.replace(sing, models=()), "talk": talk})
    assert read_spec(Request("Parrot"), poor).tasks[0].task == "talk"


@pytest.mark.parametrize("given", ["alpha", "Alpha", "ALPHA.C", "Alpha.c"])
def test_a_runtime_goes_by_name_and_title(catalog: Catalog, given: str) -> None:
    assert read_spec(Request("Parrot", runtimes=(given,)), catalog).tasks[0].runtime == "alpha"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), ("android", "ios")),
        (("ios",), ("ios",)),
        (("ios", "android"), ("android", "ios")),
        (("android", "android"), ("android",)),
    ],
)
def test_platforms(catalog: Catalog, given: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert read_spec(Request("Parrot", platforms=given), catalog).platforms == expected


def test_a_model_of_one_s_own_goes_where_any_is_welcome(two_tasks: Catalog, here: Path) -> None:
    (here / "my.bt").touch()
    sing, talk = two_tasks.tasks["sing"], two_tasks.tasks["talk"]
    assert read_spec(Request("Parrot", models=("my.bt",)), two_tasks).tasks[0].task == "sing"
    any_name = (dataclasses.replace(talk.ports[0], name="*"), *talk.ports)
    other = tuple(dataclasses.replace(model, name="other") for model in talk.models)
    talk = dataclasses.replace(talk, ports=any_name, models=other)
    open_ = dataclasses.replace(two_tasks, tasks={"sing": sing, "talk": talk})
    assert read_spec(Request("Parrot", models=("my.bt",)), open_).tasks[0].task == "talk"
    assert read_spec(Request("Parrot", models=(sing.models[0].name,)), open_).tasks[0].task == "sing"


@pytest.mark.parametrize(
    ("request_", "what", "cause", "fix"),
    [
        (Request("P", tasks=("talkk",)), "no task 'talkk'", "'talk'. The nearest is 'talk'", "--task talk"),
        (Request("P", tasks=("zzzz",)), "no task 'zzzz'", "Possible: 'talk'.", "--task talk"),
        (Request("P", runtimes=("alfa",)), "no runtime 'alfa'", "'alpha', 'beta'. The nearest is 'alpha'", "--runtime"),
        (Request("P", platforms=("andriod",)), "no platform 'andriod'", "nearest is 'android'", "--platform android"),
        (Request("P", platforms=("host",)), "no platform 'host'", "'android', 'ios'", "--platform"),
        (Request("P", models=("plane",)), "no model 'plane'", "nearest is 'plain'", "--model plain"),
        (Request("P", models=("plain.",)), "no model 'plain.'", "nearest is 'plain'", "--model plain"),
    ],
)
def test_wrong_choices_are_listed(catalog: Catalog, request_: Request, what: str, cause: str, fix: str) -> None:
    with pytest.raises(UnknownChoice) as caught:
        read_spec(request_, catalog)
    assert what in caught.value.what
    assert cause in caught.value.cause
    assert caught.value.fix.startswith(fix)


def test_a_task_counts_once(catalog: Catalog) -> None:
    with pytest.raises(ChosenTwice, match="'talk' stands twice"):
        read_spec(Request("P", tasks=("talk", "talk")), catalog)


def test_choices_for_several_tasks(two_tasks: Catalog) -> None:
    asked = Request("P", tasks=("talk", "sing"), models=("sing=plain", "talk=/m.gguf"), runtimes=("talk=Beta",))
    spec = read_spec(asked, two_tasks)
    assert [(task.task, task.runtime, task.model) for task in spec.tasks] == [
        ("talk", "beta", "/m.gguf"),
        ("sing", None, "plain"),
    ]


def test_a_choice_for_several_tasks_has_to_say_which(two_tasks: Catalog) -> None:
    with pytest.raises(ChoiceForWhichTask) as caught:
        read_spec(Request("P", tasks=("talk", "sing"), models=("plain",)), two_tasks)
    assert caught.value.fix == "--model talk=plain"


def test_a_choice_for_one_task_comes_once(catalog: Catalog) -> None:
    with pytest.raises(ChosenTwice, match="--model"):
        read_spec(Request("P", models=("plain", "talk=other")), catalog)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("plain", "plain"),
        ("m.gguf", "{here}/m.gguf"),
        ("./plain", "{here}/plain"),
        ("sub/../m.gguf", "{here}/m.gguf"),
        ("/abs/m.gguf", "/abs/m.gguf"),
        ("a=b.gguf", "{here}/a=b.gguf"),
        ("hf:org/repo/file.gguf", "hf:org/repo/file.gguf"),
        ("hf:org/repo@v1/sub/file.gguf", "hf:org/repo@v1/sub/file.gguf"),
    ],
)
def test_models(catalog: Catalog, here: Path, given: str, expected: str) -> None:
    spec = read_spec(Request("P", models=(given,)), catalog)
    assert spec.tasks[0].model == expected.format(here=here)


def test_a_model_path_may_begin_at_home(catalog: Catalog) -> None:
    spec = read_spec(Request("P", models=("~/m.gguf",)), catalog)
    assert spec.tasks[0].model == str(Path.home() / "m.gguf")


def test_a_file_without_suffix_is_found(catalog: Catalog, here: Path) -> None:
    (here / "weights").write_bytes(b"x")
    assert read_spec(Request("P", models=("weights",)), catalog).tasks[0].model == str(here / "weights")


@pytest.mark.parametrize(
    "given",
    [
        "hf:",
        "hf:org",
        "hf:org/repo",
        "hf:org/repo/",
        "hf:/repo/file",
        "hf:org/@v1/file",
        "hf:org/repo@/f",
        "hf:a/b/../c",
    ],
)
def test_a_hub_reference_has_to_be_complete(catalog: Catalog, given: str) -> None:
    with pytest.raises(InputError, match="names no file of the hub"):
        read_spec(Request("P", models=(given,)), catalog)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, "{here}/parrot"), (Path("x/../y"), "{here}/y"), (Path("/abs"), "/abs"), (Path(), "{here}")],
)
def test_the_folder(catalog: Catalog, here: Path, given: Path | None, expected: str) -> None:
    spec = read_spec(Request("Parrot", directory=given, force=True), catalog)
    assert (spec.directory, spec.force) == (Path(expected.format(here=here)), True)


def test_the_package_can_be_given(catalog: Catalog) -> None:
    assert read_spec(Request("Parrot", id="pl.acme.parrot"), catalog).identity.package == "pl.acme.parrot"


# app.toml

FULL = """
handheld = 1
[app]
name = "Tom & Jerry's"
id = "pl.acme.cats"
module = "Cats"
slug = "cats"
version = "1.2.3"
version_code = 7
color = "#101010"
color_dark = "#F0F0F0"
platforms = ["ios"]
[task.talk]
runtime = "beta"
model = "models/m.bt"
accelerator = "cpu"
memory_mb = 512
chat_template = "{{ messages }}\\n"
[task.talk.settings]
warmth = 1.5
stop = ["a", "\\"b\\""]
[task.talk.options]
mode = "fancy"
steps = 8
loud = true
"""
SMALL = '[app]\nname = "P"\n[task.talk]\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "app.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_full_app_toml(catalog: Catalog, here: Path) -> None:
    spec = load_app_toml(write(here, FULL), catalog)
    identity = spec.identity
    assert (identity.name, identity.package, identity.module) == ("Tom & Jerry's", "pl.acme.cats", "Cats")
    assert (identity.slug, identity.version, identity.version_code) == ("cats", "1.2.3", 7)
    assert (identity.color, identity.color_dark, identity.initial) == ("#101010", "#F0F0F0", "T")
    assert (spec.platforms, spec.directory, spec.force) == (("ios",), here, False)
    assert spec.tasks == (
        TaskChoice(
            task="talk",
            runtime="beta",
            model=str(here / "models" / "m.bt"),
            settings={"warmth": 1.5, "stop": ("a", '"b"')},
            options={"mode": "fancy", "steps": 8, "loud": True},
            accelerator="cpu",
            memory_mb=512,
            chat_template="{{ messages }}\n",
        ),
    )


def test_the_least_app_toml(catalog: Catalog, here: Path) -> None:
    spec = load_app_toml(write(here, "handheld = 1\n" + SMALL), catalog)
    assert spec == AppSpec(identify("P"), (TaskChoice("talk"),), ("android", "ios"), here, any_platform=True)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("Parrot", None),
        ("Tom & Jerry's", "plain"),
        ("北京", "hf:org/repo@v1/file.gguf"),
        ("Żółw\u200d", "/elsewhere/żółw.gguf"),
        ("P", "{here}/tasks/talk/m.bt"),
        ("P", "{here}/plain"),
    ],
)
def test_what_is_written_is_read_back(catalog: Catalog, here: Path, name: str, model: str | None) -> None:
    choice = TaskChoice(
        task="talk",
        runtime="alpha",
        model=model and model.format(here=here),
        settings={"warmth": 1e-07, "stop": ('\n"\\\t\x01\x7f', "ß\u2028🐦")},
        options={"steps": 3, "loud": False, "mode": "plain"},
        accelerator="cpu",
        chat_template="{%- for m in messages %}\n{{ m['content'] }}\r\n{% endfor %}",
    )
    spec = AppSpec(identify(name), (choice,), ("ios",), here, processor="A13")
    text = write_app_toml(spec)
    path = here / "app.toml"
    path.write_bytes(text.encode())
    assert load_app_toml(path, catalog) == spec
    assert write_app_toml(load_app_toml(path, catalog)) == text


def test_a_path_inside_the_app_is_written_relative(here: Path) -> None:
    inside = AppSpec(identify("P"), (TaskChoice("talk", model=str(here / "tasks" / "m.gguf")),), ("ios",), here)
    assert 'model = "./tasks/m.gguf"' in write_app_toml(inside)


def test_order_does_not_change_the_text(here: Path) -> None:
    one = TaskChoice("talk", options={"steps": 3, "loud": True})
    other = TaskChoice("talk", options={"loud": True, "steps": 3})
    texts = {write_app_toml(AppSpec(identify("P"), (choice,), ("ios",), here)) for choice in (one, other)}
    assert len(texts) == 1


WRONG = [
    (SMALL, "`handheld` is missing"),
    ("handheld = 2\n" + SMALL, "`handheld` is 2; the most is 1"),
    ('handheld = 1\n[app]\nname = "P"\n', "`task` is missing"),
    ('handheld = 1\n[app]\nname = "P"\n[task]\n', "`task` needs at least one table, for example [task.talk]"),
    ("handheld = 1\n[app]\n[task.talk]\n", "`app.name` is missing"),
    ("handheld = 1\nextra = 1\n" + SMALL, "`extra` is unknown"),
    ('handheld = 1\n[app]\nnane = "P"\nname = "P"\n[task.talk]\n', "`app.nane` is unknown (did you mean `name`?)"),
    ("handheld = 1\n[app]\nname = 3\n[task.talk]\n", "`app.name` has to be a text, not a whole number"),
    ('handheld = 1\n[app]\nname = "P"\nplatforms = ["win"]\n[task.talk]\n', "`app.platforms[0]` is 'win'"),
    ('handheld = 1\n[app]\nname = "P"\nplatforms = []\n[task.talk]\n', "`app.platforms` needs at least 1"),
    ('handheld = 1\n[app]\nname = "P"\nversion = "1.0"\n[task.talk]\n', "`app.version` is '1.0'"),
    ('handheld = 1\n[app]\nname = "P"\nmodule = "Task"\n[task.talk]\n', "`app.module` is 'Task', which is a keyword"),
    ('handheld = 1\n[ios]\nprocessor = "A11"\n' + SMALL, "`ios.processor` is 'A11'; possible: 'A12', 'A13'"),
    ("handheld = 1\n" + SMALL + "runtim = 1\n", "`task.talk.runtim` is unknown (did you mean `runtime`?)"),
    (
        "handheld = 1\n" + SMALL + 'runtime = "beat"\n',
        "`task.talk.runtime` is 'beat'; possible: 'alpha', 'beta' (nearest",
    ),
    ("handheld = 1\n" + SMALL + 'accelerator = "npu"\n', "`task.talk.accelerator` is 'npu'; possible: 'cpu'"),
    (
        "handheld = 1\n" + SMALL + "[task.talk.settings]\nwarmht = 1\n",
        "`task.talk.settings.warmht` is unknown (did you mean",
    ),
    (
        "handheld = 1\n" + SMALL + '[task.talk.settings]\nwarmth = "1"\n',
        "`task.talk.settings.warmth` has to be a number",
    ),
    (
        "handheld = 1\n" + SMALL + "[task.talk.settings]\nwarmth = 2.5\n",
        "`task.talk.settings.warmth` is 2.5; the most is 2.0",
    ),
    ("handheld = 1\n" + SMALL + "[task.talk.settings]\nwarmth = nan\n", "`task.talk.settings.warmth` is nan"),
    ("handheld = 1\n" + SMALL + '[task.talk.options]\nmode = "fanc"\n', "`task.talk.options.mode` is 'fanc'; possible"),
    ("handheld = 1\n" + SMALL + "[task.talk.options]\nsteps = 9\n", "`task.talk.options.steps` is 9; the most is 8"),
    ("handheld = 1\n" + SMALL + "[task.tlak]\n", "`task.tlak` is unknown (did you mean `talk`?)"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_wrong_keys_and_values(catalog: Catalog, here: Path, text: str, sentence: str) -> None:
    with pytest.raises(AppTomlWrong) as caught:
        load_app_toml(write(here, text), catalog)
    assert sentence in caught.value.what
    assert str(here / "app.toml") in caught.value.what
    assert caught.value.exit_code == 2


def test_many_problems_stay_readable(catalog: Catalog, here: Path) -> None:
    keys = "".join(f"key{number} = 1\n" for number in range(20))
    with pytest.raises(AppTomlWrong, match="and 12 more"):
        load_app_toml(write(here, "handheld = 1\n" + keys + SMALL), catalog)


@pytest.mark.parametrize("again", ["[task.talk]\n", "[task.talk]\nmodel = 1\n"])
def test_a_task_stands_once(catalog: Catalog, here: Path, again: str) -> None:
    with pytest.raises(ChosenTwice, match="'talk' stands twice") as caught:
        load_app_toml(write(here, "handheld = 1\n" + SMALL + again), catalog)
    assert str(here / "app.toml") in caught.value.what


@pytest.mark.parametrize("text", ["handheld = \n", "[app\n", "a = 1\na = 2\n", 'x = "unclosed\n', "= 1"])
def test_no_toml(catalog: Catalog, here: Path, text: str) -> None:
    with pytest.raises(NotToml) as caught:
        load_app_toml(write(here, text), catalog)
    assert "line" in caught.value.what


def test_no_utf8(catalog: Catalog, here: Path) -> None:
    (here / "app.toml").write_bytes(b"handheld = 1\n# \xff\n")
    with pytest.raises(NotToml, match="not UTF-8 at byte 15"):
        load_app_toml(here / "app.toml", catalog)


def test_a_missing_app_toml(catalog: Catalog, here: Path) -> None:
    with pytest.raises(Unreadable, match="does not exist"):
        load_app_toml(here / "app.toml", catalog)
    (here / "app.toml").mkdir()
    with pytest.raises(Unreadable, match="cannot be read"):
        load_app_toml(here / "app.toml", catalog)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("name", "🐦", "no letter"),
        ("name", "a" * 31, "31 characters"),
        ("name", "a$", "it holds $"),
        ("id", "com.new", "keyword"),
    ],
)
def test_refused_names_in_app_toml(catalog: Catalog, here: Path, key: str, value: str, reason: str) -> None:
    lines = {"name": "P"} | {key: value}
    text = "handheld = 1\n[app]\n" + "".join(f'{name} = "{item}"\n' for name, item in lines.items()) + "[task.talk]\n"
    with pytest.raises(HandheldError) as caught:
        load_app_toml(write(here, text), catalog)
    assert reason in caught.value.what
    assert str(here / "app.toml") in caught.value.fix


# The schema.


@pytest.mark.parametrize("text", ["handheld = 1\n" + SMALL, FULL])
def test_the_schema_takes_good_files(catalog: Catalog, text: str) -> None:
    jsonschema.Draft202012Validator(app_schema(catalog)).validate(tomllib.loads(text))


CROSSING = ("`task` needs", "`app.module`", "`task.talk.settings.warmth` is nan")
"""What a schema cannot say, or TOML alone can write."""


@pytest.mark.parametrize("text", [text for text, sentence in WRONG if not sentence.startswith(CROSSING)])
def test_the_schema_refuses_bad_files(catalog: Catalog, text: str) -> None:
    assert not jsonschema.Draft202012Validator(app_schema(catalog)).is_valid(tomllib.loads(text))


def test_the_schema_of_the_real_catalogue() -> None:
    schema = app_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema == app_schema()


def test_every_key_is_described(catalog: Catalog) -> None:
    def bare(schema: dict[str, object], path: str = "") -> list[str]:
        found = [] if "description" in schema else [path]
        properties = schema.get("properties", {})
        assert isinstance(properties, dict)
        return found + [hit for name, inner in properties.items() for hit in bare(inner, f"{path}.{name}")]

    assert [path for path in bare(app_schema(catalog)) if path != ""] == []


# The page about it.


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "guide" / "app-toml.md").read_text(encoding="utf-8")


def test_the_example_in_the_guide_is_right(page: str, repository: Path, here: Path) -> None:
    example = page.partition("```toml\n")[2].partition("```")[0]
    spec = load_app_toml(write(here, example), load_catalog(repository))
    assert spec.identity.name == "Parrot"
    assert spec.tasks[0].options["context"] == 4096


def test_the_guide_names_every_key(page: str, catalog: Catalog) -> None:
    schema = app_schema(catalog)
    app = schema["properties"]["app"]["properties"]  # type: ignore[index]
    task = schema["properties"]["task"]["properties"]["talk"]["properties"]  # type: ignore[index]
    missing = [f"app.{name}" for name in app if f"`app.{name}`" not in page]
    missing += [f"task.<name>.{name}" for name in task if f"`task.<name>.{name}`" not in page]
    assert missing == []
