"""Models with functions of their own are pickled side by side."""

import math
import statistics
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.domain import blobs
from models_app.domain.dill_globals import nested_globals

HELPER = 3.0


def helped(x: float) -> float:
    def inner(y: float) -> float:
        return math.sqrt(y) + HELPER

    return inner(x) + statistics.fmean([x])


def own(text: str) -> Any:
    scope: dict[str, Any] = {"__name__": "__main__", "math": math, "statistics": statistics, "HELPER": 3.0}
    exec(text, scope)
    return scope["f"]


class TestNestedGlobals:
    def test_are_those_of_inner_functions_too(self) -> None:
        assert nested_globals(helped) == ["HELPER", "float", "math", "statistics"]
        assert nested_globals(helped, recurse=False) == ["float", "statistics"]

    @pytest.mark.parametrize("value", [None, 1, "text", len])
    def test_are_none_of_what_has_no_code(self, value: object) -> None:
        assert nested_globals(value) == []

    @given(st.lists(st.sampled_from(["math.pi", "HELPER", "statistics.pi", "abs(1)", "x"]), min_size=1))
    def test_are_those_that_dill_finds(self, parts: list[str]) -> None:
        function = own(f"def f(x):\n    return lambda: ({', '.join(parts)},)")

        names = {part.partition(".")[0].partition("(")[0] for part in parts} - {"x"}

        assert set(nested_globals(function)) == names


@pytest.fixture
def switching() -> Iterator[None]:
    """Have threads take turns all the time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_pickling_side_by_side_leaves_no_function_without_its_globals(switching: None, capsys: Any) -> None:
    functions = [own(f"def f(x):\n    return math.sqrt(x) + HELPER * {n}") for n in range(4)]
    broken: list[BaseException] = []

    def pickle_often(function: Any) -> None:
        try:
            for _ in range(60):
                assert blobs.loads(blobs.dumps(function))(4.0) == function(4.0)
        except BaseException as error:
            broken.append(error)

    threads = [threading.Thread(target=pickle_often, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert broken == []
    assert capsys.readouterr().out == ""
