"""River's samplers of active learning: classifiers that say whether to ask for the label.

A sampler wraps a classifier. This one predicts, as it does without a sampler, and what the sampler draws is
drawn from a generator that it is lent: so that a prediction leaves the model as it is.
"""

import random
from collections.abc import Callable
from typing import Any

from river.active import EntropySampler
from river.active.base import ActiveLearningClassifier

from models_app.domain.features import Features
from models_app.domain.predictions import Prediction, most_probable
from models_app.domain.purity import Global
from models_app.paradigms.base import is_a, last_step, transformed

#: Those of River, of which nothing is called that changes them.
CLASSES: frozenset[Global] = frozenset({(EntropySampler.__module__, EntropySampler.__name__)})


def is_sampler(model: object) -> bool:
    """Say whether a model says whether to ask for the label."""
    return is_a(last_step(model), ActiveLearningClassifier)


def predictor(model: Any, *, by_label: bool) -> Callable[[Features], object]:
    """Return what predicts: the classifier that is wrapped. A label is the most probable one, as River's."""
    sampler: Any = last_step(model)

    def predict(x: Features) -> object:
        shares = sampler.classifier.predict_proba_one(transformed(model, x))
        if not by_label:
            return shares
        return most_probable(shares) if shares else None

    return predict


def asks_for(model: Any, x: Features, y_pred: Prediction, generator: random.Random) -> bool:
    """Say whether the sampler asks for the label; it draws from `generator`. Raises what it raises."""
    sampler: Any = last_step(model)
    x = transformed(model, x)
    if not isinstance(y_pred, dict):
        # A label alone.
        y_pred = sampler.classifier.predict_proba_one(x)
    own, sampler._rng = sampler._rng, generator
    try:
        return bool(sampler._ask_for_label(x, y_pred))
    finally:
        sampler._rng = own
