"""Chat templates are programs by strangers: what does not end is stopped, what is deep is refused, the rest renders."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.conftest import Core
from handheld.app_errors import CoreError
from handheld.binding import File, Task, Value
from handheld.status import Status
from native.support import tiny_model

GROW = "{% set ns = namespace(x='a') %}{% for i in range(20) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
"""A text of a megabyte in `ns.x`."""
STOPPED = {
    "a range without end": "{% for i in range(1000000000000) %}x{% endfor %}",
    "a range by another name": "{% set r = range %}{% for i in r(100000000000) %}x{% endfor %}",
    "loops in loops": "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "loops in a block that is set": "{% set x %}{% for a in range(9999) %}{% for b in range(9999) %}y{% endfor %}"
    "{% endfor %}{% endset %}",
    "a filtered loop": "{% for a in range(99999) if range(99999)|length > 5 %}y{% endfor %}",
    "a macro that calls itself": "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "a macro that calls itself twice": "{% macro f(x) %}{% if x > 0 %}{{ f(x-1) }}{{ f(x-1) }}{% endif %}{% endmacro %}"
    "{{ f(60) }}",
    "a repeated text": "{{ 'x' * 1000000000000 }}",
    "a text doubled again and again": GROW.replace("20", "60") + "{{ ns.x }}",
    "a list of lists": "{% set ns = namespace(x=['a']) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
    "{% endfor %}{{ ns.x }}",
    "a namespace in itself": "{% set ns = namespace(a=1) %}{% set ns.a = ns %}{{ ns | tojson }}",
    "a list in itself": "{% set a = [] %}{% set b = a.append(a) %}{{ a }}",
    "each letter by a megabyte": GROW + "{{ ns.x | replace('a', ns.x) }}",
    "a replacement many times": GROW + "{% for i in range(999) %}{{ ns.x | replace('a', 'bb') }}{% endfor %}",
    "a wide indent": "{{ 'x\n' | indent(100000000000) }}",
    "a wide JSON": "{{ messages | tojson(indent=1000000000) }}",
    "a long joint": GROW + "{{ range(90000) | join(ns.x) }}",
    "a text in pieces": GROW + "{{ ns.x.split('a') | length }}",
    "a filter block": "{% filter indent(100000000000) %}a\nb{% endfilter %}",
    "a search in a long text": GROW + "{% for i in range(99999) %}{% if 'b' in ns.x %}{% endif %}{% endfor %}",
    "many variables": "".join(f"{{% set v{i} = 1 %}}" for i in range(4000))
    + "{% for a in range(99999) %}{% for b in [1] %}{% endfor %}{% endfor %}",
}
DEEP = {
    "a sum": "{{ " + "1+" * 100_000 + "1 }}",
    "negations": "{{ " + "not " * 60_000 + "1 }}",
    "minus signs": "{{ " + "-" * 100_000 + "1 }}",
    "filters": "{{ 'a'" + "|upper" * 40_000 + " }}",
    "members": "{{ messages" + ".a" * 100_000 + " }}",
    "choices": "{{ " + "1 if 0 else " * 20_000 + "1 }}",
    "brackets": "{{ " + "(" * 5000,
    "blocks": "{% if 1 %}" * 400 + "{% endif %}" * 400,
    "elifs": "{% if 0 %}" + "{% elif 0 %}" * 400 + "{% endif %}",
}


def prompt(core: Core, template: str, folder: Path) -> str:
    """The prompt that the template makes of one message."""
    model = tiny_model("llama_cpp").write_tiny_model(folder / "model.gguf", chat_template=template)
    with Task(
        core.library, core.manifest, files=[File("weights", path=model)], options={"threads": 1, "trace": True}
    ) as task:
        task.load()
        task.configure({"temperature": 0, "max_tokens": 1})
        for _ in task.stream([Value.of("Hi", port="user")]):
            pass
        ids = next(value for value in task.trace() if value.port == "prompt_tokens")
    return bytes(token for token in memoryview(ids.data).cast("i") if token < 256).decode()


@pytest.mark.parametrize("name", STOPPED)
def test_a_template_without_end_is_stopped(tiny: Core, tmp_path: Path, name: str) -> None:
    with pytest.raises(CoreError) as caught:
        prompt(tiny, STOPPED[name], tmp_path)
    assert caught.value.status == Status.TEMPLATE_FAILED
    assert "was stopped" in str(caught.value)


@pytest.mark.parametrize("name", DEEP)
def test_a_template_too_deep_for_the_stack_is_refused(tiny: Core, tmp_path: Path, name: str) -> None:
    with pytest.raises(CoreError) as caught:
        prompt(tiny, DEEP[name], tmp_path)
    assert caught.value.status == Status.TEMPLATE_FAILED
    assert "nested too deeply" in str(caught.value)


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("{% for i in range(3) %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}", "0,1,2"),
        ("{% for i in [] %}x{% else %}none{% endfor %}", "none"),
        ("{% for i in [3, 1, 2] if i > 1 %}{{ i }}{% endfor %}", "32"),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}", "a1"),
        ("{% macro f(x, y='!') %}{{ x }}{{ y }}{% endmacro %}{{ f('a') }}{{ f('b', y='?') }}", "a!b?"),
        ("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "1"),
        ("{% set x %}block{% endset %}{{ x | upper }}", "BLOCK"),
        ("{{ messages[0].content | replace('H', 'J') | trim }} {{ messages[-1]['role'] }}", "Ji user"),
        ("{{ 'a-b-c'.split('-') | join('+') }}", "a+b+c"),
        ("{{ 'ab' * 3 }}{{ 2 * 3 }}", "ababab6"),
        ("{{ messages | map(attribute='role') | list | length }}", "1"),
        ("{{ 'yes' if 'H' in messages[0].content else 'no' }}", "yes"),
        ("{{ messages | tojson | length > 20 }}", "True"),
        ("{% if messages is defined and messages[0].role == 'user' %}u{% elif 1 %}e{% endif %}", "u"),
        ("{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}in{% endcall %}", "<in>"),
        ("{% filter upper %}ab{% endfilter %}", "AB"),
        ("{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "01345678"),
        ("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "01"),
        ("{{ messages[0:1][0].content[::-1] }}", "iH"),
    ],
)  # fmt: skip
def test_what_templates_do_still_works(tiny: Core, tmp_path: Path, template: str, rendered: str) -> None:
    assert prompt(tiny, template, tmp_path) == rendered
