"""handheld.h in ctypes: the structs, the functions, the loading of a built core. binding.py makes objects of it."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from handheld.app_errors import LibraryUnusable

if TYPE_CHECKING:
    from _ctypes import _CData

ABI = "0.1"
"""The part of HH_VERSION that has to be the same for both sides of the border."""


class ErrorStruct(ctypes.Structure):
    """hh_error."""

    _fields_ = (("code", ctypes.c_int32), ("message", ctypes.c_char * 512), ("log", ctypes.c_char * 2048))


class FileStruct(ctypes.Structure):
    """hh_file."""

    _fields_ = (
        ("role", ctypes.c_char_p),
        ("path", ctypes.c_char_p),
        ("offset", ctypes.c_int64),
        ("length", ctypes.c_int64),
        ("data", ctypes.c_void_p),
        ("fd", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    )


class OptionsStruct(ctypes.Structure):
    """hh_task_options."""

    _fields_ = (
        ("struct_size", ctypes.c_size_t),
        ("manifest_path", ctypes.c_char_p),
        ("manifest_json", ctypes.c_char_p),
        ("files", ctypes.POINTER(FileStruct)),
        ("file_count", ctypes.c_size_t),
        ("options_json", ctypes.c_char_p),
    )


class ValueStruct(ctypes.Structure):
    """hh_value."""

    _fields_ = (
        ("struct_size", ctypes.c_size_t),
        ("kind", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("name", ctypes.c_char_p),
        ("run", ctypes.c_uint64),
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("rate", ctypes.c_int32),
        ("channels", ctypes.c_int32),
        ("pixels", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("rotation", ctypes.c_int32),
        ("planes", ctypes.c_void_p * 2),
        ("row_strides", ctypes.c_int32 * 3),
        ("pixel_strides", ctypes.c_int32 * 3),
        ("dtype", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("shape", ctypes.c_int64 * 8),
        ("labels", ctypes.POINTER(ctypes.c_char_p)),
    )


TASK = ctypes.c_void_p
ERROR = ctypes.POINTER(ErrorStruct)
VALUE = ctypes.POINTER(ValueStruct)

FUNCTIONS: Mapping[str, tuple[type[_CData] | None, tuple[type[_CData], ...]]] = {
    "hh_version": (ctypes.c_char_p, ()),
    "hh_status_sentence": (ctypes.c_char_p, (ctypes.c_int32,)),
    "hh_build_info": (ctypes.c_char_p, ()),
    "hh_task_open": (ctypes.c_int32, (ctypes.POINTER(OptionsStruct), ctypes.POINTER(TASK), ERROR)),
    "hh_task_load": (ctypes.c_int32, (TASK, ERROR)),
    "hh_task_progress": (ctypes.c_float, (TASK,)),
    "hh_task_configure": (ctypes.c_int32, (TASK, ctypes.c_char_p, ERROR)),
    "hh_task_send": (ctypes.c_int32, (TASK, VALUE, ctypes.POINTER(ctypes.c_uint64), ERROR)),
    "hh_task_receive": (ctypes.c_int32, (TASK, VALUE, ERROR)),
    "hh_task_cancel": (None, (TASK, ctypes.c_uint64)),
    "hh_task_reset": (ctypes.c_int32, (TASK, ERROR)),
    "hh_task_info": (ctypes.c_int32, (TASK, VALUE)),
    "hh_task_report": (ctypes.c_int32, (TASK, VALUE)),
    "hh_task_trace": (ctypes.c_int32, (TASK, VALUE, ERROR)),
    "hh_task_close": (None, (TASK,)),
}
"""Every function of handheld.h: result and parameters. A test compares it with the header and with the library."""


@cache
def load_library(path: Path) -> ctypes.CDLL:
    """Load a built core, once for each path.

    Raises:
        LibraryUnusable: it cannot be loaded here, lacks a function, or speaks another version.
    """
    try:
        library = ctypes.CDLL(str(path))
        for name, (result, parameters) in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype = result
            function.argtypes = parameters
    except (OSError, AttributeError) as error:
        raise LibraryUnusable(path, str(error)) from error
    version = library.hh_version().decode()
    if not version.startswith(f"{ABI}."):
        raise LibraryUnusable(path, f"it speaks version {version}, this Handheld {ABI}")
    return library
