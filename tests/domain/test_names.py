import random

import pytest

from models_app.domain.errors import InvalidModelName, InvalidRequest
from models_app.domain.names import check_model_name, draw_name, prediction_id


class TestCheckModelName:
    @pytest.mark.parametrize("name", ["lin-reg", "Ünïcode 🍌", "<script>", "a", "x" * 200, "..."])
    def test_leaves_names_to_their_users(self, name: str) -> None:
        assert check_model_name(name) == name

    @pytest.mark.parametrize("name", ["", "x" * 201, "a/b", ".", "..", " a", "a ", "a\nb", "a\x00b"])
    def test_refuses_what_cannot_be_in_an_address(self, name: str) -> None:
        with pytest.raises(InvalidModelName) as refusal:
            check_model_name(name)

        assert isinstance(refusal.value.message, dict)
        assert list(refusal.value.message) == ["name"]


class TestDrawName:
    def test_draws_until_a_name_is_free(self) -> None:
        first = draw_name(lambda name: False, random.Random(1))

        second = draw_name(lambda name: name == first, random.Random(1))

        assert second != first
        assert second.count("-") == 1

    def test_draws_differently_each_time(self) -> None:
        assert len({draw_name(lambda name: False) for _ in range(20)}) > 10


class TestPredictionId:
    def test_is_the_same_for_a_number_and_its_text(self) -> None:
        assert prediction_id(42) == prediction_id("42") == "42"

    @pytest.mark.parametrize("value", ["x" * 201, 10**200, "a\x00b"])
    def test_refuses_what_the_database_cannot_keep(self, value: int | str) -> None:
        with pytest.raises(InvalidRequest):
            prediction_id(value)
