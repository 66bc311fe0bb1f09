"""A bare River loop over every estimator, in a process of its own. Runs as a script: `bare.py FLAVOR FOLDER`.

It writes each new model, and a line of JSON with what data it takes and what it predicts.
"""

import contextlib
import itertools
import json
import math
import pickle
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])

from river import base, linear_model, naive_bayes

from models_app.domain.impure import CHANGING
from models_app.domain.recursion import set_recursion_limit
from models_app.paradigms.registry import FLAVORS
from tests.battery import estimators, records

#: Records that are predicted by id before they are learned; learned as a whole; the same after a crash.
N_BY_ID, N_WHOLE, N_AFTER = 8, 40, 24
N_PROBES = 4
N_RECORDS = N_BY_ID + N_WHOLE + N_AFTER

_LAST_STEPS: dict[str, Any] = {
    "regression": linear_model.LinearRegression,
    "binary": linear_model.LogisticRegression,
    "multiclass": naive_bayes.GaussianNB,
}
#: By flavor: the ground truths that are tried. Some classifiers take two labels only.
_TRUTHS = {"regression": ["regression"], "binary": ["binary"], "multiclass": ["multiclass", "binary"]}


def model_of(kind: type[Any], flavor: str) -> Any | None:
    """Return a new model of a class: one that only transforms is followed by one that predicts."""
    for instance in estimators.instances(kind)[:1]:
        is_predictor = hasattr(instance, "predict_one") or not hasattr(instance, "transform_one")
        return instance if is_predictor else instance | _LAST_STEPS[flavor]()
    return None


def data_of(kind: str, truths: str) -> tuple[list[records.Record], list[Any]]:
    """Return the records to learn, and the features to predict now and then."""
    made = records.records(kind, truths, N_RECORDS + N_PROBES)
    return made[:N_RECORDS], [x for x, _ in made[N_RECORDS:]]


class Loop:
    """River's own loop, and what it predicts, as JSON would have it."""

    def __init__(self, model: Any, flavor: str, *, on_copies: bool) -> None:
        self._model = model
        self._flavor = FLAVORS[flavor]
        # What a prediction changes is undone, that is what the server promises.
        self._on_copies = on_copies

    def predict(self, x: Any) -> Any:
        model = pickle.loads(pickle.dumps(self._model)) if self._on_copies else self._model
        return reported(self._predicted(model, _copy(x)))

    def _predicted(self, model: Any, x: Any) -> Any:
        if self._flavor.name == "regression":
            return model.predict_one(x)
        try:
            answer = model.predict_proba_one(x)
            # A sampler says whether to ask for the label beside it.
            return answer[0] if isinstance(answer, tuple) else answer
        except NotImplementedError:
            return model.predict_one(x)

    def run(self, kind: str, truths: str) -> dict[str, Any]:
        """Predict and learn; raises what the model raises."""
        learned, probes = data_of(kind, truths)
        predictions = [self._step(*record) for record in learned[: N_BY_ID + N_WHOLE]][:N_BY_ID]
        first = [self.predict(x) for x in probes]
        for record in learned[N_BY_ID + N_WHOLE :]:
            self._step(*record)
        return {"by_id": predictions, "first": first, "second": [self.predict(x) for x in probes]}

    def _step(self, x: Any, y: Any) -> Any:
        y_pred = self.predict(x)
        self._model.learn_one(_copy(x), y)
        return y_pred


def _copy(x: Any) -> Any:
    return dict(x) if isinstance(x, dict) else x


def reported(y_pred: Any) -> Any:
    """Return a prediction as it comes out of JSON; raises `TypeError` for what is none."""
    if isinstance(y_pred, dict):
        return {key if isinstance(key, str) else json.dumps(key): reported(p) for key, p in y_pred.items()}
    if y_pred is None or isinstance(y_pred, str | bool):
        return y_pred
    number = float(y_pred)
    # JSON has no other way to say it.
    return number if math.isfinite(number) else None


def lines(flavor: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what each class does, with the first kind of data that it takes."""
    for kind in estimators.classes():
        model = model_of(kind, flavor)
        if model is None:
            continue
        title = estimators.title(kind)
        data = pickle.dumps(model)
        (folder / f"{title}.pickle").write_bytes(data)
        on_copies = (kind.__module__, kind.__name__) in CHANGING
        line: dict[str, Any] = {"title": title, "kind": None}
        # A classifier learns numbers as labels, each of its own; a clusterer takes them for weights.
        misfits = (base.Classifier, base.Clusterer) if flavor == "regression" else (base.Clusterer,)
        kinds = () if isinstance(model, misfits) else records.KINDS
        for truths, name in itertools.product(_TRUTHS[flavor], kinds):
            loop = Loop(pickle.loads(data), flavor, on_copies=on_copies)
            with contextlib.suppress(Exception):
                line = {"title": title, "kind": name, "truths": truths, **loop.run(name, truths)}
                break
        yield line


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    set_recursion_limit()
    for line in lines(sys.argv[1], Path(sys.argv[2])):
        print(json.dumps(line), flush=True)
