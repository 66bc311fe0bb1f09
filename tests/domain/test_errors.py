import copy

import msgspec
import pytest

from models_app.domain import errors
from models_app.domain.errors import ChantillyError, ModelNotFound


class TestErrors:
    def test_have_a_code_each(self) -> None:
        kinds = [
            kind
            for kind in vars(errors).values()
            if isinstance(kind, type) and issubclass(kind, ChantillyError)
        ]

        assert len({kind.code for kind in kinds}) == len(kinds) > 10

    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (errors.FlavorNotSet(), "No flavor has been set."),
            (errors.NoDefaultModel(), "No default model has been set."),
            (errors.PredictionNotPending("42"), "No information stored for ID '42'."),
            (errors.NoFeatures(), "No features are stored and none were provided."),
            (errors.ModelRaised(KeyError("a")), "KeyError('a')"),
            (errors.ServerStopping(), "The server is stopping."),
        ],
    )
    def test_say_what_the_contract_says(self, error: ChantillyError, message: str) -> None:
        assert error.message == message

    @pytest.mark.parametrize("kind", [errors.InvalidRequest, errors.ModelNotLoadable])
    @pytest.mark.parametrize("text", ["\ud800", "a\udfff" * 5, "é\ud83d", "x" * 100_000])
    def test_can_always_be_sent(self, kind: type[ChantillyError], text: str) -> None:
        plain, by_field = kind(text), kind({text: [text]})

        assert len(msgspec.json.encode(plain.message)) < 10_000
        assert len(msgspec.json.encode(by_field.message)) < 10_000
        str(plain).encode()
        str(by_field).encode()

    def test_list_ten_reasons_at_the_most(self) -> None:
        error = errors.InvalidRequest({f"field {number}": ["bad"] * 1_000 for number in range(1_000)})

        assert isinstance(error.message, dict)
        assert len(error.message) == 10
        assert {len(reasons) for reasons in error.message.values()} == {10}

    def test_say_the_same_of_models_that_raise_halves_of_characters(self) -> None:
        class Odd(Exception):
            def __repr__(self) -> str:
                return "\ud800"

        assert errors.ModelRaised(Odd()).message == "\\ud800"

    def test_survive_a_copy(self) -> None:
        back = copy.copy(ModelNotFound("x"))

        assert isinstance(back, ModelNotFound)
        assert back.message == "No model named 'x'."
