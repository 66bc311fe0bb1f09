"""A class is no model: somebody forgot the parentheses."""

import pickle
from typing import Any

import pytest

from models_app.domain.errors import ModelNotSuitable
from models_app.paradigms import trials
from tests.battery import estimators, exceptions


class TestClasses:
    @pytest.mark.parametrize("kind", estimators.classes(), ids=estimators.title)
    def test_are_refused_instead_of_objects(self, kind: type[Any]) -> None:
        for flavor in exceptions.ALL:
            with pytest.raises(ModelNotSuitable) as refused:
                trials.run(pickle.dumps(kind), flavor, lambda stage, method: None)

            assert f"pickle an object of it, {kind.__name__}(...)" in str(refused.value.message)
