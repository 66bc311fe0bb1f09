"""What a statistic's `update` takes, by its signature."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models_app.paradigms import readings
from models_app.paradigms.base import AT, is_a

_NAMED = frozenset({inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The values that an update takes, by `names`, all of `required`; or features; and whether a moment."""

    names: tuple[str, ...] = ("x",)
    required: tuple[str, ...] = ("x",)
    of_features: bool = False
    takes_moment: bool = True
    needs_moment: bool = False

    @property
    def takes_several(self) -> bool:
        """Whether one value is not enough."""
        return len(self.required) > 1

    def in_words(self) -> str:
        """Return what a ground truth must be."""
        if self.takes_several:
            return f"must be an object of {' and '.join(map(repr, self.required))}"
        return "must be a number, a string or a boolean"


def update_of(model: Any) -> Update:
    """Return what a model's update takes.

    >>> from river import stats
    >>> update_of(stats.PearsonCorr()).required
    ('x', 'y')
    """
    outer, inner = _parameters(model), _parameters(readings.measured(model))
    moments = [one for one in (outer.get(AT), inner.get(AT)) if one is not None]
    named = [one for name, one in inner.items() if name != AT and one.kind in _NAMED]
    return Update(
        names=tuple(one.name for one in named),
        required=tuple(one.name for one in named if one.default is one.empty),
        of_features=_takes_features(readings.measured(model), named),
        takes_moment=bool(moments),
        needs_moment=any(one.default is one.empty for one in moments),
    )


def _parameters(model: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(model.update).parameters
    except (AttributeError, TypeError, ValueError):
        # Compiled, or odd: it is taken to take one value.
        return {}


def _takes_features(model: object, named: list[inspect.Parameter]) -> bool:
    if any(is_a(model, kind) for kind in readings.OF_FEATURES):
        return True
    said = named[0].annotation if named else None
    return said is dict or (isinstance(said, str) and said.startswith("dict"))
