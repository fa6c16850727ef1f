"""One public header: what it declares is what a library exports and what every binding calls."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from handheld import __version__
from handheld.abi import ABI, FUNCTIONS, load_library
from handheld.build import BuiltApp
from helpers.lanes import need

DECLARED = re.compile(r"^HH_API [\w ]+?\**\s?\**(hh_\w+)\(", re.MULTILINE)


@pytest.fixture
def header(repository: Path) -> str:
    return (repository / "native/include/handheld.h").read_text()


def exported(library: Path) -> set[str]:
    with library.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".dynsym")
        assert isinstance(section, SymbolTableSection)
        visible = [symbol for symbol in section.iter_symbols() if symbol["st_info"]["bind"] != "STB_LOCAL"]
        return {symbol.name for symbol in visible if symbol["st_shndx"] != "SHN_UNDEF"}


def test_the_header_is_what_python_calls(header: str) -> None:
    assert set(DECLARED.findall(header)) == set(FUNCTIONS)
    assert len(re.findall(r"^HH_API", header, re.MULTILINE)) == len(FUNCTIONS)


def test_a_library_exports_the_header_and_nothing_else(echo_built: BuiltApp) -> None:
    need(echo_built.library.suffix == ".so", "a Linux", "use Linux")
    assert exported(echo_built.library) == set(FUNCTIONS)


def test_llama_cpp_leaks_no_symbol(model_built: BuiltApp) -> None:
    need(model_built.library.suffix == ".so", "a Linux", "use Linux")
    assert exported(model_built.library) == set(FUNCTIONS)


def test_one_version(header: str, echo_built: BuiltApp) -> None:
    declared = re.search(r'#define HH_VERSION "([^"]+)"', header)
    assert declared is not None
    assert declared[1] == __version__ == load_library(echo_built.library).hh_version().decode()
    assert __version__.startswith(f"{ABI}.")


def test_the_header_stays_small(header: str) -> None:
    assert len(header.splitlines()) < 300
