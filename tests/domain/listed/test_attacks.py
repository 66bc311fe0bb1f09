"""Ways around lists of what a pickle may do: none gets through, and none imports a module."""

import copyreg
import functools
import os
import pickle
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from river import linear_model, stats

from models_app.domain import uploads
from models_app.domain.errors import ModelNotAllowed, ModelNotReadable
from models_app.domain.uploads import Taken
from tests.domain.listed.writing import filled, listed, made, reduced, stack_global, text, whole

MEAN = ("river.stats.mean", "Mean")
REGRESSION = ("river.linear_model.lin_reg", "LinearRegression")
ARRAY_STATE = (1, (2,), np.dtype("f8"), False, b"\0" * 16)
NONE, TRUE = pickle.NONE, pickle.NEWTRUE


class By:
    """Is unpickled by a call."""

    def __init__(self, call: Any, *arguments: Any, state: Any = None) -> None:
        self.reduction = (call, arguments) if state is None else (call, arguments, state)

    def __reduce__(self) -> Any:
        return self.reduction


def by(call: Any, *arguments: Any, state: Any = None, protocol: int = 4) -> bytes:
    return pickle.dumps(By(call, *arguments, state=state), protocol)


def number(value: int) -> bytes:
    return pickle.BININT + struct.pack("<i", value)


def refusal(data: bytes) -> str:
    with pytest.raises(ModelNotAllowed) as refused:
        uploads.loads(data, Taken.RIVER)
    return str(refused.value.message)


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No program is run, and nothing is imported."""

    def run(*_arguments: Any) -> None:
        raise AssertionError("it runs")

    monkeypatch.setattr(os, "system", run)
    # Codecs, to see whether it is a text.
    with suppress(ModelNotReadable):
        uploads.loads(b"hello", Taken.RIVER)
    before = set(sys.modules)
    yield
    assert not {
        name for name in set(sys.modules) - before if not name.startswith(("river", "numpy", "scipy"))
    }


NAMES = {
    "os.system by its name": ("os", "system"),
    "posix.system": ("posix", "system"),
    "subprocess.Popen": ("subprocess", "Popen"),
    "builtins.eval": ("builtins", "eval"),
    "builtins.exec": ("builtins", "exec"),
    "builtins.open": ("builtins", "open"),
    "builtins.__import__": ("builtins", "__import__"),
    "builtins.type": ("builtins", "type"),
    "builtins.object": ("builtins", "object"),
    "builtins.setattr": ("builtins", "setattr"),
    "builtins.vars": ("builtins", "vars"),
    "builtins.map": ("builtins", "map"),
    "eval by the name of Python 2": ("__builtin__", "eval"),
    "getattr by a module that has it": ("operator", "attrgetter"),
    "operator.methodcaller": ("operator", "methodcaller"),
    "operator.itemgetter": ("operator", "itemgetter"),
    "functools.reduce": ("functools", "reduce"),
    "functools.partialmethod": ("functools", "partialmethod"),
    "importlib.import_module": ("importlib", "import_module"),
    "pip.main": ("pip", "main"),
    "pip's inner main": ("pip._internal.cli.main", "main"),
    "numpy's runner of commands": ("numpy.testing._private.utils", "runstring"),
    "numpy.testing.rundocs": ("numpy.testing", "rundocs"),
    "numpy.load": ("numpy", "load"),
    "numpy.f2py": ("numpy.f2py.crackfortran", "getlincoef"),
    "numpy's ctypeslib": ("numpy.ctypeslib", "load_library"),
    "timeit": ("timeit", "timeit"),
    "cProfile": ("cProfile", "run"),
    "pdb": ("pdb", "run"),
    "bdb": ("bdb", "Bdb"),
    "code": ("code", "InteractiveInterpreter"),
    "runpy": ("runpy", "run_path"),
    "asyncio's subprocesses": ("asyncio.unix_events", "_UnixSubprocessTransport._start"),
    "pydoc.locate": ("pydoc", "locate"),
    "pydoc.pipepager": ("pydoc", "pipepager"),
    "venv.create": ("venv", "create"),
    "ensurepip": ("ensurepip", "_run_pip"),
    "idlelib": ("idlelib.pyshell", "ModifiedInterpreter.runcommand"),
    "lib2to3": ("lib2to3.pgen2.pgen", "ParserGenerator.make_label"),
    "trace": ("trace", "Trace.run"),
    "profile": ("profile", "Profile.run"),
    "doctest": ("doctest", "debug_script"),
    "logging.config": ("logging.config", "listen"),
    "ssl.get_server_certificate": ("ssl", "get_server_certificate"),
    "urlopen": ("urllib.request", "urlopen"),
    "shutil.rmtree": ("shutil", "rmtree"),
    "socket": ("socket", "create_connection"),
    "ctypes": ("ctypes", "CDLL"),
    "webbrowser": ("webbrowser", "open"),
    "marshal": ("marshal", "loads"),
    "types.FunctionType": ("types", "FunctionType"),
    "types.CodeType": ("types", "CodeType"),
    "nested pickle": ("pickle", "loads"),
    "nested unpickler": ("_pickle", "loads"),
    "dill": ("dill", "loads"),
    "dill's functions": ("dill._dill", "_create_function"),
    "cloudpickle": ("cloudpickle.cloudpickle", "_builtin_type"),
    "joblib": ("joblib", "load"),
    "copyreg's reconstructor": ("copyreg", "_reconstructor"),
    "copyreg's newobj": ("copyreg", "__newobj__"),
    "copyreg.add_extension": ("copyreg", "add_extension"),
    "copyreg.pickle": ("copyreg", "pickle"),
    "a module's attribute by a dotted name": ("river.stats.mean", "Mean.update.__globals__"),
    "a dotted name through the builtins": ("builtins", "dict.fromkeys"),
    "a dotted name through a listed module": ("random", "Random.seed"),
    "a module within a listed one": ("random", "_os.system"),
    "a module re-exported by River": ("river.datasets.base", "os.system"),
    "a name that River's module imports": ("river.stats.mean", "annotations"),
    "a listed class by another module": ("river.stats", "Mean"),
    "a data set of River's": ("river.datasets.base", "RemoteDataset"),
    "a stream of River's": ("river.stream.iter_csv", "iter_csv"),
    "the empty name": ("", ""),
    "a name with spaces": ("river.stats.mean ", "Mean"),
    "a name with a line's end": ("river.stats.mean\n", "Mean"),
    "a name in other characters that look alike": ("river.stats.me\u0430n", "Mean"),
    "a prefix of what is listed": ("river.stats.mean", "Mea"),
    "the server's own": ("models_app.domain.blobs", "loads"),
    "Django's": ("django.core.management", "call_command"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_that_is_not_listed(name: tuple[str, str]) -> None:
    shown = f"'{'.'.join(name)}' is not allowed: MODEL_UPLOADS=river takes River's own objects"
    # The message is cut to be sent in one line.
    assert " ".join(shown.split())[:60] in " ".join(refusal(whole(stack_global(*name))).split())


def test_a_name_in_the_old_way_of_writing_it() -> None:
    assert "'os.system' is not allowed" in refusal(whole(b"cos\nsystem\n", 2))


PICKLES = {
    "getattr of a module": by(getattr, linear_model.LinearRegression, "__init__"),
    "getattr of __globals__": by(getattr, stats.Mean, "__globals__"),
    "getattr of __class__": by(getattr, stats.Mean, "__class__"),
    "getattr of __reduce_ex__": by(getattr, stats.Mean, "__reduce_ex__"),
    "getattr of a text's format": by(getattr, "{0.__class__}", "format"),
    "getattr with a default": by(getattr, stats.Mean, "no", None),
    "getattr with a class of texts": by(getattr, stats.Mean, b"clone"),
    "partial of getattr": by(functools.partial, getattr),
    "partial of a set": by(functools.partial, set),
    "partial of os.getcwd": by(functools.partial, os.getcwd),
    "partial with a state that swaps its function": whole(
        reduced("functools", "partial", stack_global("copy", "deepcopy"))
        + listed(stack_global("numpy", "array"), pickle.EMPTY_TUPLE, pickle.EMPTY_DICT, NONE)
        + pickle.BUILD
    ),
    "partial with attributes": whole(
        reduced("functools", "partial", stack_global("copy", "deepcopy"))
        + listed(
            stack_global("copy", "deepcopy"),
            pickle.EMPTY_TUPLE,
            pickle.EMPTY_DICT,
            pickle.EMPTY_DICT + text("func") + TRUE + pickle.SETITEM,
        )
        + pickle.BUILD
    ),
    "partial of numpy.ones that takes all memory": whole(
        reduced("functools", "partial", stack_global("numpy", "ones"))
        + listed(
            stack_global("numpy", "ones"),
            listed(listed(number(30_000), number(30_000))),
            pickle.EMPTY_DICT,
            NONE,
        )
        + pickle.BUILD
    ),
    "a class that is called": whole(reduced(*MEAN)),
    "a function that is called": whole(reduced("river.utils.math", "minkowski_distance", TRUE, TRUE)),
    "the result of a call that is called": whole(
        reduced("functools", "partial", stack_global("copy", "deepcopy")) + listed(TRUE) + pickle.REDUCE
    ),
    "a text that is called": whole(text("os.system") + listed(TRUE) + pickle.REDUCE),
    "arguments that are no tuple": whole(stack_global("builtins", "set") + pickle.EMPTY_LIST + pickle.REDUCE),
    "copy.deepcopy that is called": whole(reduced("copy", "deepcopy", TRUE)),
    "numpy.ones that is called": whole(reduced("numpy", "ones", number(1))),
    "iter of a callable": whole(reduced("builtins", "iter", stack_global("builtins", "set"), NONE)),
    "bytes of a size": whole(reduced("builtins", "bytes", number(2**31 - 1))),
    "a codec that has others imported": whole(reduced("_codecs", "encode", text("a"), text("idna"))),
    "a codec that decompresses": whole(reduced("_codecs", "encode", text("a"), text("zlib"))),
    "a class that is made without being listed": whole(
        stack_global("builtins", "list") + pickle.EMPTY_TUPLE + pickle.NEWOBJ
    ),
    "an object that is made of no class": whole(
        made(*MEAN) + pickle.EMPTY_TUPLE + pickle.NEWOBJ
    ),
    "a class whose method is replaced": whole(filled(stack_global(*MEAN), get=TRUE)),
    "a class whose attribute is set in slots": whole(
        stack_global(*REGRESSION)
        + listed(NONE, pickle.EMPTY_DICT + text("predict_one") + TRUE + pickle.SETITEM)
        + pickle.BUILD
    ),
    "a function whose defaults are replaced": whole(
        filled(stack_global("river.utils.math", "minkowski_distance"), __defaults__=pickle.EMPTY_TUPLE)
    ),
    "a type of Python's that is filled": whole(filled(stack_global("builtins", "dict"), keys=TRUE)),
    "a dictionary that is filled as an object": whole(
        pickle.EMPTY_DICT + pickle.EMPTY_DICT + pickle.BUILD
    ),
    "an attribute that hides a method": whole(filled(made(*REGRESSION), learn_one=TRUE)),
    "an attribute that is the class": whole(filled(made(*REGRESSION), __class__=stack_global(*MEAN))),
    "an attribute that copying looks for": whole(
        filled(made(*REGRESSION), __deepcopy__=stack_global("copy", "deepcopy"))
    ),
    "an attribute that hides a property": whole(filled(made(*REGRESSION), _supervised=TRUE)),
    "an attribute whose name is no text": whole(
        made(*REGRESSION) + pickle.EMPTY_DICT + TRUE + TRUE + pickle.SETITEM + pickle.BUILD
    ),
    "a state that is no dictionary": whole(made(*REGRESSION) + TRUE + pickle.BUILD),
    "a state that is a text": whole(made(*REGRESSION) + text("state") + pickle.BUILD),
    "a setter of the state": whole(
        made(*REGRESSION) + listed(stack_global("builtins", "getattr"), TRUE, TRUE) + pickle.BUILD
    ),
    "a list of another kind": whole(made(*REGRESSION) + TRUE + pickle.APPEND),
    "a dictionary of another kind": whole(made(*REGRESSION) + TRUE + TRUE + pickle.SETITEM),
    "a set of another kind": whole(made(*REGRESSION) + pickle.MARK + TRUE + pickle.ADDITEMS),
    "a generator of any class": whole(
        reduced("numpy.random._pickle", "__bit_generator_ctor", stack_global(*MEAN))
    ),
    "a generator by a name": whole(
        reduced("numpy.random._pickle", "__bit_generator_ctor", text("MT19937"))
    ),
    "a random state of any callable": whole(
        reduced("numpy.random._pickle", "__randomstate_ctor", TRUE, stack_global("builtins", "getattr"))
    ),
    "a type of arrays that reaches beyond its memory": whole(
        reduced("numpy", "dtype", text("f8"), pickle.NEWFALSE, TRUE)
        + listed(number(3), text("|"), NONE, listed(text("a")), NONE, number(8), number(1), number(27))
        + pickle.BUILD
    ),
    "a type of arrays from a structure": whole(
        reduced("numpy", "dtype", pickle.EMPTY_LIST, pickle.NEWFALSE, TRUE)
    ),
    "an array of texts that are large": whole(
        reduced("numpy", "dtype", text("U999999999"), pickle.NEWFALSE, TRUE)
    ),
    "an array of another class": by(np._core.multiarray._reconstruct, stats.Mean, (0,), b"b"),  # type: ignore[attr-defined]
    "an array that is larger than its bytes": by(
        np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
        np.ndarray,
        (0,),
        b"b",
        state=(1, (2**40,), np.dtype("f8"), False, b"\0" * 8),
    ),
    "an array of a size below zero": by(
        np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
        np.ndarray,
        (0,),
        b"b",
        state=(1, (-1,), np.dtype("f8"), False, b""),
    ),
    "an extension by one byte": whole(pickle.EXT1 + b"\x01"),
    "an extension by two bytes": whole(pickle.EXT2 + b"\x01\x00"),
    "an extension by four bytes": whole(pickle.EXT4 + b"\x01\x00\x00\x00"),
    "a persistent id": whole(text("id") + pickle.BINPERSID),
    "a persistent id in text": whole(pickle.PERSID + b"id\n"),
    "a buffer from elsewhere": whole(pickle.NEXT_BUFFER, 5),
    "a buffer that is made read-only": whole(pickle.EMPTY_LIST + pickle.READONLY_BUFFER, 5),
    "an instance in the old way": whole(pickle.MARK + text("id") + pickle.INST + b"os\nsystem\n", 2),
    "an object in the old way": whole(pickle.MARK + stack_global(*MEAN) + pickle.OBJ),
    "arguments by name": whole(
        stack_global(*MEAN) + pickle.EMPTY_TUPLE + pickle.EMPTY_DICT + pickle.NEWOBJ_EX
    ),
    "a text of the first protocol": b"S'os'\n.",
    "an integer in text": b"I1\n.",
    "a float in text": b"F1\n.",
    "an entry of the memo in text": b"N" + pickle.PUT + b"0\n.",
    "a memo with room for a billion": whole(NONE + pickle.LONG_BINPUT + b"\xff\xff\xff\x3f"),
    "a duplicate of the stack": whole(NONE + pickle.DUP),
}  # fmt: skip


@pytest.mark.parametrize("data", PICKLES.values(), ids=PICKLES.keys())
def test_a_pickle_that_does_more(data: bytes) -> None:
    assert "is not allowed: MODEL_UPLOADS=river takes River's own objects." in refusal(data)


def test_a_registered_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    code = 240
    copyreg.add_extension("os", "system", code)
    try:
        assert "EXT1" in refusal(whole(pickle.EXT1 + bytes([code]) + listed(text("true")) + pickle.REDUCE))
    finally:
        copyreg.remove_extension("os", "system", code)


def test_a_twister_that_reads_beyond_its_memory() -> None:
    made = np.random.RandomState(1)
    state: Any = made.__getstate__()
    state["state"]["pos"] = 10**9
    call, arguments, _ = made.__reduce__()

    assert "such a state of a 'numpy.random" in refusal(by(call, *arguments, state=state)).lower()


BROKEN = {
    "a length beyond the end": whole(pickle.BINUNICODE8 + struct.pack("<Q", 2**62)),
    "bytes that are not there": whole(pickle.BYTEARRAY8 + struct.pack("<Q", 2**40), 5),
    "an empty stack": whole(pickle.POP),
    "a place of the memo without an entry": whole(pickle.BINGET + b"\x07"),
    "no end": whole(NONE)[:-1],
    "a frame beyond the end": whole(pickle.FRAME + struct.pack("<Q", 2**40)),
    "a name that is a number": whole(NONE + NONE + pickle.STACK_GLOBAL),
    "Rust's state of nothing": whole(
        made("river._river_rust.drift", "AdaptiveWindowing") + pickle.SHORT_BINBYTES + b"\0" + pickle.BUILD
    ),
}  # fmt: skip


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_a_pickle_that_is_broken(data: bytes) -> None:
    with pytest.raises((ModelNotReadable, ModelNotAllowed)):
        uploads.loads(data, Taken.RIVER)
