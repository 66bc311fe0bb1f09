import types
from collections.abc import Callable
from opcode import opmap
from pathlib import Path
from typing import Any

import pytest

from models_app.domain import code_objects, uploads
from models_app.domain.code_objects import HERE, KNOWN, ForeignCode
from models_app.domain.errors import ModelNotReadable

FOREIGN = Path(__file__).parent / "foreign"
MADE = sorted(FOREIGN.glob("py3*.pickle"))
_NAME = f"py{HERE[0]}{HERE[1]}"


def words(code: types.CodeType, **changed: object) -> list[Any]:
    """Return what `types.CodeType` makes the code of."""
    names = [
        "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals", "co_stacksize", "co_flags",
        "co_code", "co_consts", "co_names", "co_varnames", "co_filename", "co_name", "co_qualname",
        "co_firstlineno", "co_linetable", "co_exceptiontable", "co_freevars", "co_cellvars",
    ]  # fmt: skip
    return [changed.get(name, getattr(code, name)) for name in names]


def all_codes(code: types.CodeType) -> list[types.CodeType]:
    inner = [one for const in code.co_consts if isinstance(const, types.CodeType) for one in all_codes(const)]
    return [code, *inner]


def sample(x: dict[str, float], *, scale: float = 1.0) -> dict[str, float]:
    total = sum(x.values())
    return {name: scale * value / total for name, value in x.items() if value > 0}


def summing(x: list[float]) -> float:
    total = 0.0
    for value in x:
        if value > 0:
            total += value
    return total


CODE = sample.__code__
CALL = bytes(CODE.co_code)


class TestCheck:
    def test_takes_what_this_python_compiles(self) -> None:
        for path in Path(types.__file__).parent.glob("*.py"):
            for code in all_codes(compile(path.read_bytes(), path.name, "exec")):
                code_objects.check(words(code))

    @pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
    def test_refuses_what_another_version_compiled_and_names_both(self, path: Path) -> None:
        if "cloudpickle" in path.name:
            pytest.importorskip("cloudpickle")
        made = path.name.partition(".")[0]
        if made == _NAME:
            assert uploads.loads(path.read_bytes()).predict_one({"a": 1.0}) == 0.0
            return

        with pytest.raises(ModelNotReadable) as refusal:
            uploads.loads(path.read_bytes())

        assert f"3.{made[3:]}" in str(refusal.value.message)
        assert f"this server runs Python {HERE[0]}.{HERE[1]}" in str(refusal.value.message)

    @pytest.mark.parametrize(
        "changed",
        [
            {"co_code": b""},
            {"co_code": CALL[:-1]},
            {"co_code": CALL[:-2]},
            {"co_code": b"\x00\x00" + CALL},
            {"co_code": bytes([255, 0]) + CALL},
            {"co_code": bytes([opmap["LOAD_CONST"], 0, opmap["RETURN_VALUE"], 0])},
            {"co_code": bytes([opmap["POP_TOP"], 0])},
            {"co_code": "text"},
            {"co_consts": ()},
            {"co_names": ()},
            {"co_varnames": ()},
            {"co_varnames": ["x"]},
            {"co_nlocals": 1},
            {"co_argcount": 9},
            {"co_argcount": -1},
            {"co_stacksize": "1"},
        ],
        ids=repr,
    )
    def test_refuses_what_no_version_compiles(self, changed: dict[str, object]) -> None:
        with pytest.raises(ForeignCode) as refusal:
            code_objects.check(words(CODE, **changed))

        assert refusal.value.name == "sample"
        assert HERE not in refusal.value.versions

    @pytest.mark.parametrize("n_words", [0, 1, 15, 16, 17, 19])
    def test_refuses_code_made_of_other_words(self, n_words: int) -> None:
        with pytest.raises(ForeignCode) as refusal:
            code_objects.check((words(CODE) * 2)[:n_words])

        assert refusal.value.versions == ()

    def test_refuses_jumps_that_lead_nowhere(self) -> None:
        known = code_objects.here()
        code = summing.__code__.co_code
        jumps = [at for at in range(0, len(code), 2) if code[at] in known.jumps]
        assert jumps

        for at in jumps:
            broken = code[: at + 1] + b"\xff" + code[at + 2 :]
            with pytest.raises(ForeignCode):
                code_objects.check(words(summing.__code__, co_code=broken))

    def test_follows_arguments_longer_than_a_byte(self) -> None:
        lines = "\n".join(f"    if x == {number}: return name_{number}" for number in range(400))
        code = compile(f"def long(x):\n{lines}\n", "long", "exec").co_consts[0]
        extended = code_objects.here().extended_arg
        assert extended in code.co_code[::2]

        code_objects.check(words(code))

        with pytest.raises(ForeignCode):
            code_objects.check(words(code, co_names=code.co_names[:300]))


@pytest.mark.skipif(HERE not in KNOWN, reason="a version that is not written down")
def test_what_is_written_down_of_this_version_is_so() -> None:
    here, known = code_objects.here(), KNOWN[HERE]

    assert here.caches == known.caches
    assert here.prologue == known.prologue | {here.extended_arg}
    assert (here.resume, here.extended_arg) == (known.resume, known.extended_arg)


def closure() -> Callable[[], int]:
    count = 0

    def more() -> int:
        nonlocal count
        count += 1
        return count

    return more


def test_takes_closures_generators_and_the_like() -> None:
    async def waits() -> Any:
        async for item in waits():
            yield item

    for code in (closure.__code__, *all_codes(closure.__code__), waits.__code__, *all_codes(CODE)):
        code_objects.check(words(code))
