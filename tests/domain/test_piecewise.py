import pytest

from models_app.domain.piecewise import _filling


class TestFilling:
    @pytest.mark.parametrize("value", [[], [1, [2]], {}, {"a": 1, "b": {2}}, set(), {1, "two", (3,)}])
    def test_makes_of_an_empty_one_what_it_was(self, value: object) -> None:
        empty = type(value)()

        state, items, pairs, *setter = (*_filling(value, {}), None, None)[:4]

        if items is not None:
            empty.extend(items)  # type: ignore[attr-defined]
        if pairs is not None:
            empty.update(pairs)  # type: ignore[attr-defined]
        if setter[0] is not None:
            setter[0](empty, state)
        assert empty == value
