"""Uploaded bytes: unpickled once by way of trial, and what to do about those that cannot be.

To unpickle runs code, and a model may run more when it is tried: that is for a process of its own, see
`services.trials`.
"""

import codecs
import io
import pickle
import pickletools
import platform
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from importlib.metadata import version
from types import CodeType
from typing import Any

import dill

from models_app.domain import blobs, code_objects, river_versions
from models_app.domain.code_objects import ForeignCode
from models_app.domain.errors import ModelNotAllowed, ModelNotReadable
from models_app.domain.listed import unpickler
from models_app.domain.listed.names import NotAllowed

_MAX_REASON = 300
# By so many it is seen whether it is a text.
_TEXT_BYTES = 200
# Where a module lies on the server is nobody's business.
_PLACE = re.compile(r" from '[^']*'>")
_CANNOT = "The model cannot be unpickled"

# By the first bytes: what the body is instead of a pickle, and what to do.
_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "it is compressed with gzip: decompress it before the upload"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd: decompress it before the upload"),
    (b"BZh", "it is compressed with bzip2: decompress it before the upload"),
    (b"\xfd7zXZ", "it is compressed with xz: decompress it before the upload"),
    (b"\x04\x22\x4d\x18", "it is compressed with lz4: decompress it before the upload"),
    (b"ZF", "it looks compressed by joblib: send pickle.dumps(model) instead of joblib.dump's file"),
    (b"PK\x03\x04", "it is a zip archive: send the pickle itself"),
    (b"\x93NUMPY", "it is an array of numpy: send pickle.dumps(model)"),
    (b"--", "it looks like a form (multipart): send the bytes alone, with curl as --data-binary @FILE"),
    (b"{", "it looks like JSON: send a specification with the header Content-Type: application/json"),
    (b"[", "it looks like JSON: send the bytes that pickle.dumps(model) returns"),
    (b"<", "it looks like a page or XML: send the bytes that pickle.dumps(model) returns"),
    (b"@", "it looks like the name of a file: with curl, --data-binary @FILE sends what is in it"),
)
_HINTS: dict[type[BaseException], str] = {
    MemoryError: "it needs more memory than a trial may take: make it smaller, or the setting UPLOAD_MEMORY "
    "larger",
    PermissionError: "where uploads are tried there is no network, no other process and no file but "
    "Python's: let the model do without when it is unpickled",
}
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_JOBLIB = b"joblib.numpy_pickle"


class Taken(StrEnum):
    """What uploads may be: descriptions alone, pickles of River's own objects too, or any pickle."""

    SPEC = "spec"
    RIVER = "river"
    ANY = "any"


def loads(data: bytes, taken: Taken = Taken.ANY) -> Any:
    """Return the object that uploaded bytes were made from, if all code in them fits this Python.

    No code of theirs has run before it was looked at. Raises `ModelNotReadable` with a reason in one line
    that says what to do, whatever the unpickling raises; and `ModelNotAllowed` for what is more than is
    `taken`.
    """
    if taken is Taken.SPEC:
        raise ModelNotAllowed("A pickle is not allowed: MODEL_UPLOADS=spec takes specifications alone.")
    if not data:
        raise ModelNotReadable("The body is empty: send the bytes that pickle.dumps(model) returns.")
    buffer = io.BytesIO(data)
    try:
        if taken is Taken.RIVER:
            return unpickler.loads(data)
        return _Dill(buffer).load() if blobs.needs_dill(data) else _Pickle(buffer).load()
    except NotAllowed as error:
        raise _not_allowed(data, error) from error
    except ForeignCode as error:
        raise ModelNotReadable(_foreign(error)) from error
    except BaseException as error:  # whatever it raises, it is no model
        raise ModelNotReadable(_explained(data, error)) from error


class _CheckedCode:
    """Has code objects looked at before they are made."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)  # type: ignore[misc]  # of the unpickler beside it
        if module in ("dill._dill", "dill.dill") and name == "_create_code":
            return _checking(found, skips_table=True)
        if found is CodeType:
            return _checking(found)
        if module.startswith("cloudpickle") and name == "_builtin_type":
            return lambda kind: _checking(CodeType) if kind == "CodeType" else found(kind)
        return found


class _Pickle(_CheckedCode, pickle.Unpickler):
    pass


class _Dill(_CheckedCode, dill.Unpickler):  # type: ignore[misc]  # dill has no types
    pass


def _checking(make: Callable[..., CodeType], *, skips_table: bool = False) -> Callable[..., CodeType]:
    def make_checked(*args: Any) -> CodeType:
        # dill puts an old table of lines before the rest.
        words: Sequence[object] = args[1:] if skips_table and args and isinstance(args[0], bytes) else args
        code_objects.check(words)
        return make(*args)

    return make_checked


def _not_allowed(data: bytes, error: NotAllowed) -> ModelNotAllowed | ModelNotReadable:
    hint = _format_hint(data)
    if hint is not None:
        return ModelNotReadable(f"{_CANNOT}: {hint}")
    what = error.what[:1].upper() + error.what[1:]
    hint = "" if data[:1] == pickle.PROTO else " Of pickles, it takes those of protocol 2 and newer."
    if blobs.needs_dill(data):
        hint = " What dill.dumps writes is more than that: use pickle.dumps."
    return ModelNotAllowed(
        f"{what[:_MAX_REASON]} is not allowed: MODEL_UPLOADS=river takes River's own objects.{hint}"
    )


def _foreign(error: ForeignCode) -> str:
    there = " or ".join(f"{major}.{minor}" for major, minor in error.versions)
    here = platform.python_version()
    made = f"by Python {there}" if there else "by another version of Python"
    return (
        f"The function '{error.name}' in the model was compiled {made}, and this server runs Python {here}, "
        f"which cannot run it: pickle the model under Python {'.'.join(here.split('.')[:2])}."
    )


def _explained(data: bytes, error: BaseException) -> str:
    hint = _format_hint(data) or river_versions.hint(error) or _error_hint(error) or _last_hint(data)
    return f"{_CANNOT}: {one_line(error)} ({hint})"


def one_line(error: BaseException) -> str:
    r"""Return what is raised in one line, not too long.

    >>> one_line(ValueError("a\nb"))
    'ValueError: a b'
    """
    text = _PLACE.sub(">", _text(error))
    return " ".join(f"{type(error).__name__}: {text}".split())[:_MAX_REASON]


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        # Its own code.
        return ""


def _format_hint(data: bytes) -> str | None:
    for begin, hint in _FORMATS:
        if data.startswith(begin):
            return hint
    if data.startswith(_ZLIB):
        return "it is compressed with zlib, as by joblib.dump: send pickle.dumps(model)"
    if _JOBLIB in data:
        return "it was written by joblib.dump: send pickle.dumps(model)"
    return "it is a text: send the bytes that pickle.dumps(model) returns" if _is_text(data) else None


def _is_text(data: bytes) -> bool:
    r"""Say whether the bytes are a text, and no pickle of protocol 0, which is one, too.

    >>> _is_text(b"hello"), _is_text(b"cmissing\nmodel\n.")
    (True, False)
    """
    utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if utf_16 else "utf-8-sig")()
    try:
        # The last character may be cut.
        begin = decoder.decode(data[:_TEXT_BYTES])
    except UnicodeDecodeError:
        return False
    return all(each.isprintable() or each in "\t\r\n\f" for each in begin) and not _is_pickle(data)


def _is_pickle(data: bytes) -> bool:
    try:
        for _ in pickletools.genops(data):
            pass
    except Exception:
        # An argument may be anything that is none.
        return False
    return True


def _error_hint(error: BaseException) -> str | None:
    text = _text(error)
    if isinstance(error, ValueError) and "unsupported pickle protocol" in text:
        newest, python = pickle.HIGHEST_PROTOCOL, platform.python_version()
        return f"a newer Python wrote it; use pickle.dumps(model, protocol={newest}), or Python {python}"
    for kind, hint in _HINTS.items():
        if isinstance(error, kind):
            return hint
    if isinstance(error, ModuleNotFoundError) and error.name:
        return missing_library(error.name)
    if "__main__" in text:
        return "classes and functions of a script need dill.dumps"
    if isinstance(error, AttributeError) and "Can't get attribute" in text:
        return "the server's version of that module has no such name: install the one it was made with"
    return None


def _last_hint(data: bytes) -> str:
    if not _is_pickle(data):
        return "it is no pickle, or a part of one: send all the bytes that pickle.dumps(model) returns"
    return (
        "see that pickle.loads of these bytes works in a new process, with the libraries that the server has"
    )


def missing_library(name: str) -> str:
    """Say what to do about a module that the server does not have."""
    root = name.partition(".")[0]
    if root == "numpy":
        return f"it was made with another version of numpy: make it anew with the server's {version('numpy')}"
    return f"install {root!r} in the server's environment and restart it, or bring the code with dill.dumps"
