"""Predictions: from what a model answers to a plain value, to what is stored, and to what a client sees.

A prediction is a number (regression), a mapping from labels to probabilities, a label alone, or, of other
paradigms, a tree of lists and mappings of these. Labels are booleans, integers, floats or strings and keep
their type: a JSON object has string keys only, so that a stored mapping is a list of `[label, value]` pairs.
"""

import math
from collections.abc import Collection, Sequence
from itertools import chain
from operator import methodcaller
from typing import Any, cast

import msgspec

from models_app.domain.intervals import IntervalPrediction

Label = bool | int | float | str
Number = float | int | None
Probabilities = dict[Label, Number]
#: What the values of trees are: anything else than a mapping or a list of them is a number or a label.
Tree = dict[Any, Any] | list[Any]
Prediction = Number | Label | Probabilities | Tree
#: As a client sees it.
Shown = dict[str, Any] | list[Any] | Number | Label

_PLAIN_LABELS = frozenset({bool, int, float, str})


class UnsupportedPrediction(TypeError):
    """The model answered something that no client could be sent."""


def number(value: object) -> Number:
    """Return `value` as a Python number; numpy's scalars lose their wrapper, not a bit.

    >>> number(1.5), number(None)
    (1.5, None)
    """
    kind = type(value)
    if kind is float or kind is int or value is None:
        return cast("Number", value)
    value = _unwrapped(value)
    if isinstance(value, int | float):
        return float(value) if isinstance(value, float) else int(value)
    raise UnsupportedPrediction(f"the model predicted {_shown(value)}, which is not a number")


def probabilities(value: object) -> Probabilities | None:
    """Return what a classifier answered with plain labels and plain numbers.

    >>> probabilities({True: 0.25, False: 0.75})
    {True: 0.25, False: 0.75}
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise UnsupportedPrediction(f"the model predicted {_shown(value)}, which is not a mapping of labels")
    for label, share in value.items():
        if type(share) is not float or type(label) not in _PLAIN_LABELS:
            return {_label(label): number(share) for label, share in value.items()}
    # A copy: the model may go on using its own.
    return dict(value)


def tree(value: object) -> Prediction:
    """Return what a model answered as lists and mappings of plain labels and numbers.

    >>> tree({"a": (1, None), 2: {True: "x"}})
    {'a': [1, None], 2: {True: 'x'}}
    """
    if value is None or type(value) in _PLAIN_LABELS:
        return cast("Prediction", value)
    if isinstance(value, dict):
        return {_label(name): tree(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [tree(member) for member in value]
    unwrapped = _unwrapped(value)
    if type(unwrapped) not in _PLAIN_LABELS:
        raise UnsupportedPrediction(f"the model answered {_shown(value)}")
    return cast("Prediction", unwrapped)


def label(value: object) -> Label | None:
    """Return the label that a classifier answered, plain.

    >>> label("cat"), label(None)
    ('cat', None)
    """
    return None if value is None else _label(value)


def is_scorable(prediction: Prediction) -> bool:
    """Say whether metrics can take the prediction: it is neither empty nor null nor NaN.

    One NaN would leave every mean metric NaN for good.

    >>> is_scorable({}), is_scorable(None), is_scorable(0.0), is_scorable(float("nan"))
    (False, False, True, False)
    """
    if type(prediction) is float:
        return math.isfinite(prediction)
    if prediction is None:
        return False
    if isinstance(prediction, dict):
        return bool(prediction) and _are_finite(prediction.values())
    return type(prediction) is not list


def _are_finite(shares: Collection[Number]) -> bool:
    try:
        # One step shows it, unless there is a null, or the sum overflows.
        if math.isfinite(sum(cast("Collection[float]", shares))):
            return True
    except (TypeError, OverflowError):
        pass
    return all(isinstance(share, int | float) and math.isfinite(share) for share in shares)


def are_scorable(predictions: Sequence[Prediction]) -> bool:
    """Say whether all are scorable, at a glance: False where that takes a closer look at each.

    They are mappings then, or numbers, and not both.

    >>> are_scorable([{True: 0.5}, {True: 1.0}]), are_scorable([0.5, 1.0])
    (True, True)
    >>> are_scorable([{True: 0.5}, {}]), are_scorable([0.5, float("nan")]), are_scorable([0.5, None])
    (False, False, False)
    """
    kinds = set(map(type, predictions))
    try:
        if kinds == {dict}:
            values = map(sum, map(_values, cast("Sequence[Any]", predictions)))
            return all(map(len, cast("Sequence[Any]", predictions))) and math.isfinite(sum(values))
        return kinds == {float} and math.isfinite(sum(cast("Sequence[float]", predictions)))
    except (TypeError, OverflowError):
        return False


_values = methodcaller("values")


def most_probable(prediction: Probabilities) -> Label:
    """Return the label with the highest probability, the first of equals.

    >>> most_probable({"a": 0.2, "b": 0.8})
    'b'
    """
    return max(prediction, key=cast("Any", prediction.get))


def to_storage(prediction: Prediction) -> object:
    """Return a value that survives JSON with every label's type and every number's bits.

    >>> to_storage({True: 0.25}), to_storage(float("inf")), to_storage([1.5, {"a": 2}])
    ([[True, 0.25]], {'float': 'inf'}, {'list': [1.5, {'pairs': [['a', 2]]}]})
    >>> to_storage(IntervalPrediction(2.5, 1.0, 4.0))
    {'interval': [2.5, 1.0, 4.0]}
    """
    if isinstance(prediction, dict):
        return [[_to_storage(label), _to_storage(share)] for label, share in prediction.items()]
    return _to_storage(prediction)


def has_json(prediction: Prediction) -> bool:
    """Say whether JSON can express every number and label of the prediction.

    >>> has_json({True: 0.25}), has_json(float("nan"))
    (True, False)
    """
    if isinstance(prediction, dict):
        return is_scorable(prediction) and float not in map(type, prediction)
    kind = type(prediction)
    if kind is float:
        return math.isfinite(cast("float", prediction))
    return kind is not list and kind is not IntervalPrediction


def have_json(predictions: Sequence[Prediction]) -> bool:
    """Say whether JSON can express all of them as they are, at a glance: as `are_scorable` does.

    >>> have_json([{True: 0.25}, {"a": 1.0}]), have_json([{True: 0.25}, {1.0: 1.0}])
    (True, False)
    """
    if not are_scorable(predictions):
        return False
    if isinstance(predictions[0], dict):
        return float not in map(type, chain.from_iterable(cast("Sequence[Probabilities]", predictions)))
    return True


def from_storage(stored: object) -> Prediction:
    """Undo `to_storage`.

    >>> from_storage([[True, 0.25], ["a", {"float": "nan"}]])
    {True: 0.25, 'a': nan}
    """
    if isinstance(stored, list):
        try:
            plain = dict(stored)
        except TypeError:
            # A label that JSON has no number for.
            plain = None
        if plain is not None and dict not in map(type, plain.values()):
            # The usual case, quicker.
            return plain
        return _mapping_from_storage(stored)
    return cast("Prediction", _from_storage(stored))


def to_json(prediction: Prediction) -> Shown:
    """Return what a client sees: labels as JSON names, NaN and infinities as null.

    >>> to_json({True: 0.25, 3: float("nan")}), to_json("cat")
    ({'true': 0.25, '3': None}, 'cat')
    """
    if isinstance(prediction, dict):
        return {
            label_name(label): _finite(share) if type(share) is float else to_json(share)
            for label, share in prediction.items()
        }
    if isinstance(prediction, list):
        return [to_json(member) for member in prediction]
    if isinstance(prediction, IntervalPrediction):
        return float(prediction)
    return prediction if isinstance(prediction, str) else _finite(prediction)


def label_name(label: Label) -> str:
    """Return a label as the name of a JSON member.

    >>> label_name(False), label_name(2), label_name("cat")
    ('false', '2', 'cat')
    """
    return label if type(label) is str else msgspec.json.encode(label).decode()


def _label(value: object) -> Label:
    if type(value) not in _PLAIN_LABELS:
        value = _unwrapped(value)
        if type(value) not in _PLAIN_LABELS:
            raise UnsupportedPrediction(f"the model predicted the label {_shown(value)}")
    return cast("Label", value)


def _unwrapped(value: object) -> object:
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        return item()
    if isinstance(value, str):
        return str(value)
    return value


def _finite(value: Number) -> Number:
    return value if value is None or math.isfinite(value) else None


def _to_storage(value: object) -> object:
    if isinstance(value, dict):
        return {"pairs": [[_to_storage(label), _to_storage(member)] for label, member in value.items()]}
    if isinstance(value, list):
        return {"list": [_to_storage(member) for member in value]}
    if isinstance(value, IntervalPrediction):
        return {"interval": [float(value), value.lower, value.upper]}
    # JSON has no NaN and no infinities.
    return {"float": repr(value)} if type(value) is float and not math.isfinite(value) else value


def _from_storage(value: object) -> object:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    match kind:
        case "pairs":
            return _mapping_from_storage(content)
        case "list":
            return [_from_storage(member) for member in content]
        case "interval":
            # JSON has one kind of number.
            return IntervalPrediction(*map(float, content))
    return float(content)


def _mapping_from_storage(pairs: list[Any]) -> dict[Label, Any]:
    return {cast("Label", _from_storage(label)): _from_storage(member) for label, member in pairs}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
