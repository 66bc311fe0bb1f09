"""Snippets of programs that call a model."""

import json
import shlex

from models_app.domain import features
from models_app.domain.errors import ChantillyError
from models_app.domain.learns import Learn
from models_app.paradigms.base import AT, FEATURES, Members, Paradigm

_FEATURES: dict[str, object] = {"x": 1.5}
# Whole documents would hide the code around them.
_MAX_CHARACTERS = 2_000


def snippets(model: str, paradigm: Paradigm, newest: Learn | None) -> dict[str, str]:
    """Return values as Python, JSON and a shell write them, by their names in the template.

    They are those that the model has learned from last, where they can be.

    >>> from models_app.paradigms.binary import BINARY
    >>> found = snippets("house", BINARY, None)
    >>> found["python_predict"], found["json_learn"]
    ("{'model': 'house', 'id': 1, 'features': {'x': 1.5}}", '{"id": 1, "ground_truth": true}')
    """
    predict, learn = _bodies(model, paradigm, newest)
    as_json = [json.dumps(body, ensure_ascii=False) for body in (predict, learn)]
    return {
        "python_predict": repr(predict),
        "python_learn": repr(learn),
        "json_predict": as_json[0],
        "json_learn": as_json[1],
        "curl_predict": shlex.quote(as_json[0]),
        "curl_learn": shlex.quote(as_json[1]),
    }


def _bodies(model: str, paradigm: Paradigm, newest: Learn | None) -> tuple[Members, Members]:
    """Return what to predict from, and what to learn."""
    asked = _asked(paradigm, newest)
    truth = _truth(paradigm, newest)
    if paradigm.keeps_recorded:
        return {"model": model, "id": 1, **asked}, {"id": 1, **truth}
    # No id awaits it. What comes has features if what came before had.
    learned = newest.x() if newest is not None else {}
    features = {name: learned[name] for name in (FEATURES,) if isinstance(learned, dict) and name in learned}
    return {"model": model, **asked}, {"model": model, **features, **truth}


def _asked(paradigm: Paradigm, newest: Learn | None) -> Members:
    is_long = newest is not None and len(bytes(newest.features)) > _MAX_CHARACTERS
    x = None if newest is None else newest.x()
    if not paradigm.takes:
        if isinstance(x, str):
            return {FEATURES: x[:_MAX_CHARACTERS], **_moment(newest)}
        return {FEATURES: _FEATURES if x is None or is_long else x, **_moment(newest)}
    if isinstance(x, dict) and not is_long and _can_be_asked(paradigm, x):
        return x
    example = paradigm.trial_inputs[0](0) if paradigm.trial_inputs else {}
    return example if isinstance(example, dict) else {FEATURES: example}


def _moment(newest: Learn | None) -> Members:
    """Return when what a model has learned was observed, where it goes by that."""
    t = None if newest is None else features.decode_with_moment(newest.features)[1]
    return {} if t is None else {AT: t}


def _can_be_asked(paradigm: Paradigm, members: Members) -> bool:
    """Say whether a model predicts from what it has learned: an observation of a series is none."""
    try:
        # Whether the model goes by time is not its flavor's to say, and it has learned so.
        paradigm.check_members({n: v for n, v in members.items() if n != AT}, learns=False)
    except ChantillyError:
        return False
    return True


def _truth(paradigm: Paradigm, newest: Learn | None) -> Members:
    y_true = None if newest is None else newest.y_true()
    if y_true is None and (newest is None or paradigm.needs_truth):
        y_true = json.loads(paradigm.example_truth)
    return {} if y_true is None else {"ground_truth": y_true}
