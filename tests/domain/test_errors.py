import copy

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

    def test_survive_a_copy(self) -> None:
        back = copy.copy(ModelNotFound("x"))

        assert isinstance(back, ModelNotFound)
        assert back.message == "No model named 'x'."
