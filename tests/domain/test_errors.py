import copy

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

    def test_survive_a_copy(self) -> None:
        back = copy.copy(ModelNotFound("x"))

        assert isinstance(back, ModelNotFound)
        assert back.message == "No model named 'x'."
