"""Models that are served read-only: they predict, and learn nothing. A ground truth is scored, that is all.

The paradigm of such a model is its flavor's, with a learn that does nothing. So the rest of the server has no
case of its own for it: a learn scores, is a record of the journal, and is replayed like any other.
"""

import copy
import functools
from collections.abc import Callable
from typing import Any

from models_app.domain.errors import ModelNotSuitable
from models_app.domain.features import Features
from models_app.domain.scoring import GroundTruth
from models_app.paradigms.base import Paradigm

#: The method that such a model needs not have.
LEARN = "learn_one"
#: For who uploads a model that has not.
HINT = (
    "One that only predicts can be served read-only: upload it with read_only=true (add_model: --read-only)."
)


def of(paradigm: Paradigm) -> Paradigm:
    """Return the paradigm of a model that is served read-only.

    Raises `ModelNotSuitable` where models of the flavor answer what they were updated with, and nothing else.

    >>> from models_app.paradigms.regression import REGRESSION
    >>> of(REGRESSION).methods, of(REGRESSION).is_read_only, REGRESSION.is_read_only
    (('predict_one',), True, False)
    """
    if LEARN not in paradigm.methods:
        raise ModelNotSuitable(
            f"A model of the flavor '{paradigm.name}' is there to be updated: it cannot be served read-only. "
            "Leave out read_only."
        )
    found = copy.copy(paradigm)
    found.__class__ = _class(type(paradigm))
    return found


class _ReadOnly(Paradigm):
    is_read_only = True

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(method for method in super().methods if method != LEARN)

    @property
    def calls(self) -> dict[str, tuple[str, ...]]:
        return {method: called for method, called in super().calls.items() if method != LEARN}

    def learner(self, model: Any) -> Callable[[Features, GroundTruth], object]:
        return _learn_nothing


def _learn_nothing(_x: Features, _y_true: GroundTruth) -> None:
    """Leave the model as it is."""


@functools.cache
def _class(kind: type[Paradigm]) -> type[Paradigm]:
    return type(kind.__name__, (_ReadOnly, kind), {})
