"""A bare loop over every public class, in a process of its own: `python -m tests.battery.every FOLDER N`, and
flavors whose classes are left out.

Each class is of the flavor that `auto` takes, and asked and taught as its paradigm says: flavors that are
added join by themselves. It writes each new model, and a line of JSON for each.
"""

import contextlib
import copy
import itertools
import json
import math
import pickle
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from river import base, linear_model

from models_app.domain import predictions
from models_app.domain.errors import ModelNotSuitable
from models_app.domain.impure import CHANGING
from models_app.domain.recursion import set_recursion_limit
from models_app.paradigms import trials
from models_app.paradigms.base import FEATURES, MakeTruth, Paradigm
from models_app.paradigms.guessing import AUTO, guess
from models_app.paradigms.registry import get_flavor
from tests.battery import public, records

#: Flavors of which records as they are in life are made; of others those of their trials.
LIFELIKE = {"regression": ("regression",), "binary": ("binary",), "multiclass": ("multiclass", "binary")}
#: What a paradigm is called where a class is no model, but can be a step of one.
STEP = "as a step"


def model_of(kind: type[Any]) -> Any | None:
    """Return a new model of a class; a step of models that has no flavor is followed by a regression."""
    made = public.instance(kind)
    try:
        guess(made)
    except ModelNotSuitable:
        return made | linear_model.LinearRegression() if isinstance(made, base.Transformer) else made
    return made


def flavor_of(kind: type[Any]) -> tuple[str, bool]:
    """Return the flavor that `auto` takes for a class, empty where there is none; and whether for a step."""
    model = model_of(kind)
    try:
        flavor = guess(model).name
    except ModelNotSuitable:
        return "", False
    return flavor, type(model) is not kind and type(model).__name__ == "Pipeline"


def data(flavor: Paradigm, n: int) -> Iterator[Callable[[], list[records.Record]]]:
    """Yield what makes records that a model of a flavor may take, anew each time."""
    if flavor.name in LIFELIKE:
        for truths, kind in itertools.product(LIFELIKE[flavor.name], records.KINDS):
            yield partial(records.records, kind, truths, n)
        return
    features: list[Callable[[], Iterable[Any]]] = [
        partial(map, inputs, range(n)) for inputs in flavor.trial_inputs
    ]
    # Of a paradigm that takes more than features, those are a member.
    wrap = _as_member if flavor.takes else _as_it_is
    features += [partial(map, wrap, list(kind(n))) for kind in records.KINDS.values()]
    for made, truth in itertools.product(features, flavor.trial_truths):
        yield partial(_numbered, made, truth)


def _as_member(x: Any) -> Any:
    return {FEATURES: x}


def _as_it_is(x: Any) -> Any:
    return x


def _numbered(features: Callable[[], Iterable[Any]], truth: MakeTruth) -> list[records.Record]:
    return [(x, truth(number)) for number, x in enumerate(features())]


def run(
    model: Any, flavor: Paradigm, learned: list[records.Record], *, on_copies: bool, finite: bool
) -> list[Any]:
    """Predict and learn each record; return the predictions as JSON has them. Raises what a model raises."""
    answers = []
    for x, y in learned:
        asked = pickle.loads(pickle.dumps(model)) if on_copies else model
        y_pred = flavor.normalize(flavor.predictor(asked)(copy.deepcopy(x)))
        if finite:
            _check_finite(y_pred)
        answers.append(json.loads(json.dumps(predictions.to_json(flavor.shown(y_pred)))))
        taught = flavor.taught(x, y_pred) if flavor.takes else x
        flavor.learner(model)(copy.deepcopy(taught), flavor.learned(y))
    return answers


def _check_finite(y_pred: Any) -> None:
    """Raise `OverflowError` unless all numbers of a prediction are finite."""
    members = y_pred.values() if isinstance(y_pred, dict) else y_pred if isinstance(y_pred, list) else ()
    for member in members:
        _check_finite(member)
    if isinstance(y_pred, float) and not math.isfinite(y_pred):
        raise OverflowError(y_pred)


def serving(pickled: bytes, line: dict[str, Any]) -> Paradigm:
    """Return the paradigm that serves a new model, as a line has it."""
    return get_flavor(line["flavor"]).served_by(line["method"]).serving(pickle.loads(pickled))


def line_of(kind: type[Any], folder: Path, n: int) -> dict[str, Any]:
    """Return what a class does, with the first data that it takes."""
    title = public.title(kind)
    line: dict[str, Any] = {"title": title, "flavor": "", "refusal": "", "data": None}
    model = model_of(kind)
    if model is None:
        return line | {"refusal": "cannot be made here"}
    pickled = pickle.dumps(model)
    (folder / f"{title}.pickle").write_bytes(pickled)
    try:
        tried = trials.run(pickled, AUTO, lambda *_: None)
    except ModelNotSuitable as refusal:
        return line | {"refusal": str(refusal.message)}
    line |= {"flavor": tried.flavor, "method": tried.predict_method}
    flavor = serving(pickled, line)
    on_copies = not flavor.records_predictions and (kind.__module__, kind.__name__) in CHANGING
    # Rather what is answered with numbers that are finite: what is not, a learn may be refused for.
    for finite, (number, make) in itertools.product((True, False), list(enumerate(data(flavor, n)))):
        with contextlib.suppress(Exception):
            answers = run(pickle.loads(pickled), flavor, make(), on_copies=on_copies, finite=finite)
            return line | {"data": number, "answers": answers}
    return line | {"refusal": "takes none of the battery's records"}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    set_recursion_limit()
    for one in public.classes():
        if flavor_of(one)[0] not in sys.argv[3:]:
            print(json.dumps(line_of(one, Path(sys.argv[1]), int(sys.argv[2]))), flush=True)
