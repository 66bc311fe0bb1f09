"""Which of River's classes change when they predict, and which draw from the process's generators."""

import pickle
from typing import Any

import pytest

from models_app.domain.fingerprints import fingerprint
from models_app.domain.impure import CHANGING, DRAWING, UNTIL_LEARNED
from tests.battery import estimators
from tests.battery.drives import Drive, drives

N = 40
#: When it is looked whether a prediction changes anything: before any learn, early, and late.
LOOKS = (0, 1, N - 1)
#: A class that takes any data is not tried with all of them.
ENOUGH = 4

CLASSES = [kind for kind in estimators.classes() if hasattr(kind, "learn_one")]


def key(kind: type[Any]) -> tuple[str, str]:
    return kind.__module__, kind.__name__


def changed(model: Any, drive: Drive) -> set[bool]:
    """Say whether a prediction before the first learn, and whether a later one, changed the model."""
    found = set()
    for i, (x, y) in enumerate(zip(drive.features, drive.truths, strict=True)):
        if i in LOOKS:
            before = fingerprint(model)
            drive.predict(model, x)
            drive.predict(model, drive.new[i])
            if fingerprint(model) != before:
                found.add(i > 0)
        drive.learn(model, x, y)
    return found


def outcomes(kind: type[Any]) -> list[set[bool]]:
    """Return what became of each kind of data that the class can learn."""
    tried = []
    for instance in estimators.instances(kind):
        data = pickle.dumps(instance)
        for drive in drives(instance, N):
            try:
                tried.append(changed(pickle.loads(data), drive))
            except Exception:
                continue
            if len(tried) == ENOUGH:
                return tried
    return tried


# Some of the data is far from what the models are for.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
class TestPredictions:
    @pytest.mark.parametrize("kind", CLASSES, ids=estimators.title)
    def test_change_a_model_exactly_where_they_are_said_to(self, kind: type[Any]) -> None:
        tried = outcomes(kind)

        assert tried or not estimators.instances(kind)
        found = set().union(*tried)
        assert (True in found) == (key(kind) in DRAWING)
        assert (found == {False}) == (key(kind) in UNTIL_LEARNED)

    def test_are_listed_of_classes_that_there_are(self) -> None:
        assert {key(kind) for kind in CLASSES} >= CHANGING
