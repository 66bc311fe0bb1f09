"""Bytes of all kinds: they are refused in order, and have nothing done."""

import pickle
import struct
import sys
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from river import drift, linear_model, naive_bayes, preprocessing, stats, tree

from models_app.domain import uploads
from models_app.domain.errors import ModelNotAllowed, ModelNotReadable
from models_app.domain.listed.unpickler import OPCODES
from models_app.domain.uploads import Taken
from tests.domain.listed.writing import text, whole

MODELS: list[Any] = [
    preprocessing.StandardScaler() | linear_model.LogisticRegression(),
    tree.HoeffdingTreeClassifier(),
    naive_bayes.GaussianNB(),
    stats.Quantile(0.5),
    drift.ADWIN(),
]
for _number in range(20):
    MODELS[0].learn_one({"a": _number % 7}, _number % 3 == 0)
VALID = [pickle.dumps(model, protocol) for model in MODELS for protocol in (2, 4, 5)]
NAMES = [
    "os",
    "system",
    "builtins",
    "getattr",
    "set",
    "functools",
    "partial",
    "river.stats.mean",
    "Mean",
    "__class__",
]
LISTED_ROOTS = ("river", "numpy", "scipy", "pandas", "sklearn", "encodings", "_codecs")
FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def check(data: bytes) -> None:
    """Hand bytes over; nothing but a refusal may come, or an object, and no module that is not listed."""
    before = set(sys.modules)
    with suppress(ModelNotAllowed, ModelNotReadable):
        uploads.loads(data, Taken.RIVER)
    new = {name for name in set(sys.modules) - before if not name.startswith(LISTED_ROOTS)}
    assert not new


@FUZZ
@given(st.binary(max_size=200))
def test_bytes(data: bytes) -> None:
    check(data)
    check(pickle.PROTO + b"\x04" + data)


@FUZZ
@given(
    st.sampled_from(VALID),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_pickles_with_other_bytes(data: bytes, changes: list[tuple[int, int]]) -> None:
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(changed)] = value
    check(bytes(changed))


@FUZZ
@given(st.sampled_from(VALID), st.sampled_from(VALID), st.floats(0, 1), st.floats(0, 1))
def test_pickles_that_are_joined(first: bytes, second: bytes, end: float, start: float) -> None:
    check(first[: int(end * len(first))] + second[int(start * len(second)) :])


def _instruction(name: str) -> st.SearchStrategy[bytes]:
    code = getattr(pickle, name)
    if name.startswith(("BINUNICODE", "SHORT_BINUNICODE")):
        return st.sampled_from(NAMES).map(text)
    if name in ("BININT1", "BINGET", "BINPUT", "SHORT_BINBYTES"):
        return st.integers(0, 5).map(lambda value: code + bytes([value]))
    if name in ("BININT", "LONG_BINGET", "LONG_BINPUT"):
        return st.integers(0, 2**31 - 1).map(lambda value: code + struct.pack("<I", value))
    return st.just(code)


SKIPPED = {
    "STOP",
    "PROTO",
    "FRAME",
    "GLOBAL",
    "BINBYTES",
    "BINBYTES8",
    "BYTEARRAY8",
    "LONG1",
    "LONG4",
    "BINFLOAT",
}
PROGRAMS = st.lists(st.one_of([_instruction(name) for name in OPCODES if name not in SKIPPED]), max_size=30)


@FUZZ
@given(PROGRAMS)
def test_programs(instructions: list[bytes]) -> None:
    check(whole(b"".join(instructions)))
