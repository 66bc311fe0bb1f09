import json
import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.domain.errors import InvalidModelName, InvalidRequest
from models_app.domain.names import can_be_stored, check_model_name, draw_name, prediction_id


class TestCheckModelName:
    @pytest.mark.parametrize("name", ["lin-reg", "Ünïcode 🍌", "<script>", "a", "x" * 200, "..."])
    def test_leaves_names_to_their_users(self, name: str) -> None:
        assert check_model_name(name) == name

    @pytest.mark.parametrize(
        "char",
        [
            "\u2028", "\u2029", "\u00a0", "\u2003", "\u3000", "\u1680", "\t", "\x7f", "\x85", "\u202e",
            "\u2066", "\u200e", "\u200b", "\u00ad", "\ufeff", chr(0xD800), "\ue000", "\U000e0001", "\u0378",
            "\uffff", "\ufffd", "\u3164", "\u2800",
        ],
        ids=ascii,
    )  # fmt: skip
    def test_refuses_what_nobody_sees(self, char: str) -> None:
        with pytest.raises(InvalidModelName):
            check_model_name(f"a{char}b")

    @given(st.text(alphabet=st.characters(exclude_categories=()), max_size=4))
    def test_takes_only_what_can_be_distinguished_and_read(self, name: str) -> None:
        try:
            check_model_name(name)
        except InvalidModelName as refusal:
            json.dumps(refusal.message).encode()
            return

        assert unicodedata.normalize("NFC", name) == name == name.strip()
        assert all(char == " " or unicodedata.category(char)[0] not in "CZ" for char in name)
        assert can_be_stored(name)

    def test_takes_one_of_two_names_that_look_the_same(self) -> None:
        composed, decomposed = "caf\u00e9", "cafe\u0301"

        assert check_model_name(composed) == composed
        with pytest.raises(InvalidModelName, match="NFC"):
            check_model_name(decomposed)

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

    @pytest.mark.parametrize(
        "value",
        ["x" * 201, 10**200, -(10**199), 10**5_000, -(10**5_000), "a\x00b", "\ud800", "a\udfffb"],
        ids=lambda value: str(type(value)),
    )
    def test_refuses_what_the_database_cannot_keep(self, value: int | str) -> None:
        with pytest.raises(InvalidRequest):
            prediction_id(value)
