from typing import Any

import pytest
from river import linear_model, preprocessing

from models_app.domain import drawings


class Drawing:
    def __init__(self, drawn: Any) -> None:
        self._drawn = drawn

    def _repr_html_(self) -> Any:
        if isinstance(self._drawn, BaseException):
            raise self._drawn
        return self._drawn


class TestDrawnIfItCanBe:
    def test_is_what_the_model_draws(self) -> None:
        model = preprocessing.StandardScaler() | linear_model.LinearRegression()

        assert "StandardScaler" in drawings.drawn_if_it_can_be(model)

    def test_is_what_it_says_where_it_does_not_draw(self) -> None:
        assert drawings.drawn_if_it_can_be(["<b>"]) == "<pre>[&#x27;&lt;b&gt;&#x27;]</pre>"

    @pytest.mark.parametrize(
        "drawn",
        [
            "a" * (drawings.MAX_LENGTH + 1),
            "\ud800",
            ValueError("not today"),
            KeyboardInterrupt(),
            SystemExit(1),
        ],
        ids=["long", "half a character", "error", "interrupt", "exit"],
    )
    def test_is_empty_where_nothing_can_be_sent(self, drawn: Any) -> None:
        assert drawings.drawn_if_it_can_be(Drawing(drawn)) == ""
