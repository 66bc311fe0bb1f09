"""Workloads: River's Phishing data set, again and again, by two models."""

import functools
import json
import pickle
import random
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from river import datasets, forest, linear_model, preprocessing

Features = dict[str, float]
FOREST_SEED = 42
FOREST_SAMPLES = 5_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One observation; `json` is its features as they go over the wire."""

    features: Features
    ground_truth: bool
    json: bytes

    @property
    def truth_json(self) -> bytes:
        """The ground truth as it goes over the wire."""
        return b"true" if self.ground_truth else b"false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A model as bytes, and what to ask it. `n_stream` is the number of records of a streamed round."""

    name: str
    title: str
    model: bytes
    samples: tuple[Sample, ...]
    n_stream: int

    def sample(self, number: int) -> Sample:
        """Return the sample of a record: the data set starts over at its end."""
        return self.samples[number % len(self.samples)]

    def load(self) -> Any:
        """Return a fresh copy of the model."""
        return pickle.loads(self.model)


@functools.cache
def phishing() -> tuple[Sample, ...]:
    """Return River's Phishing data set: 1,250 samples of 9 features."""
    return tuple(Sample(x, bool(y), json.dumps(x).encode()) for x, y in datasets.Phishing())


def logistic_regression(*, n_stream: int) -> Workload:
    """Return a scaler and a logistic regression that have seen nothing."""
    model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    return Workload(
        name="logistic",
        title="scaler and logistic regression",
        model=pickle.dumps(model, protocol=5),
        samples=phishing(),
        n_stream=n_stream,
    )


def adaptive_forest(*, n_stream: int, cache: Path) -> Workload:
    """Return a forest of ten trees that has learned 5,000 samples; it is kept in the folder `cache`."""
    return Workload(
        name="forest",
        title=f"adaptive random forest, 10 trees, after {FOREST_SAMPLES:,} samples",
        model=_trained_forest(cache),
        samples=phishing(),
        n_stream=n_stream,
    )


def padded(workload: Workload, n_bytes: int) -> bytes:
    """Return the workload's model with so many bytes more, which compute nothing and do not compress."""
    model = workload.load()
    model.padding = random.Random(0).randbytes(n_bytes)
    return pickle.dumps(model, protocol=5)


def _trained_forest(cache: Path) -> bytes:
    path = cache / f"forest-{version('river')}.pickle"
    if not path.exists():
        model = forest.ARFClassifier(n_models=10, seed=FOREST_SEED)
        samples = phishing()
        for number in range(FOREST_SAMPLES):
            sample = samples[number % len(samples)]
            model.learn_one(sample.features, sample.ground_truth)
        path.write_bytes(pickle.dumps(model, protocol=5))
    return path.read_bytes()
