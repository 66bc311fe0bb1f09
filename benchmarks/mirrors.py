"""Bare River on the same records in the same order: the measure of every prediction."""

from collections.abc import Sequence
from typing import Any

from benchmarks import scores
from benchmarks.workloads import Sample, Workload

#: As in JSON: labels are names.
Prediction = dict[str, float]


def predict(model: Any, sample: Sample) -> Prediction:
    """Return a model's prediction as clients see it."""
    return as_json(model.predict_proba_one(dict(sample.features)))


def as_json(prediction: dict[bool, float]) -> Prediction:
    """Return a prediction as clients see it.

    >>> as_json({True: 0.25})
    {'true': 0.25}
    """
    return {str(label).lower(): p for label, p in prediction.items()}


class Mirror:
    """A model that predicts, then learns, one record after the other; it goes on where it is asked to."""

    def __init__(self, samples: Sequence[Sample], model: Any) -> None:
        self.model = model
        self._samples = samples
        self._raw: list[dict[bool, float]] = []
        self._metrics: dict[int, dict[str, float]] = {}

    def predictions(self, n: int) -> list[Prediction]:
        """Return those of the first n records, each made before the record was learned."""
        while len(self._raw) < n:
            sample = self._samples[len(self._raw) % len(self._samples)]
            self._raw.append(self.model.predict_proba_one(dict(sample.features)))
            self.model.learn_one(dict(sample.features), sample.ground_truth)
        return [as_json(prediction) for prediction in self._raw[:n]]

    def metrics(self, n: int) -> dict[str, float]:
        """Return the metrics after n records."""
        if n not in self._metrics:
            self.predictions(n)
            measured = scores.new()
            for number in range(n):
                sample = self._samples[number % len(self._samples)]
                scores.update(measured, sample.ground_truth, self._raw[number])
            self._metrics[n] = scores.values(measured)
        return self._metrics[n]


class Mirrors:
    """The mirrors of the workloads, kept between rounds: each round starts with the same model."""

    def __init__(self) -> None:
        self._endless: dict[str, Mirror] = {}
        self._ended: dict[tuple[str, int], Mirror] = {}

    def of(self, workload: Workload) -> Mirror:
        """Return a mirror of a workload that goes as far as it was ever asked to."""
        if workload.name not in self._endless:
            self._endless[workload.name] = Mirror(workload.samples, workload.load())
        return self._endless[workload.name]

    def after(self, workload: Workload, n: int) -> Mirror:
        """Return a mirror whose model has learned exactly n records."""
        key = (workload.name, n)
        if key not in self._ended:
            self._ended[key] = Mirror(workload.samples, workload.load())
            self._ended[key].predictions(n)
        return self._ended[key]
