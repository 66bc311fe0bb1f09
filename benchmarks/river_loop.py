"""The limit: River in a loop, in one process, without any server.

The records lie in memory as Python values. `pairs` is predict and learn, `scored` the same with the five
metrics of a binary classification between the two, `predict` predictions alone.
"""

import json
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import scores
from benchmarks.workloads import Sample, phishing


def predict(model: Any, samples: Sequence[Sample]) -> None:
    """Predict."""
    for sample in samples:
        model.predict_proba_one(sample.features)


def pairs(model: Any, samples: Sequence[Sample]) -> None:
    """Predict, then learn."""
    for sample in samples:
        model.predict_proba_one(sample.features)
        model.learn_one(sample.features, sample.ground_truth)


def scored(model: Any, samples: Sequence[Sample]) -> None:
    """Predict, score, then learn."""
    measured = scores.new()
    for sample in samples:
        prediction = model.predict_proba_one(sample.features)
        scores.update(measured, sample.ground_truth, prediction)
        model.learn_one(sample.features, sample.ground_truth)


LOOPS: dict[str, Callable[[Any, Sequence[Sample]], None]] = {
    "predict": predict,
    "pairs": pairs,
    "scored": scored,
}


def seconds(loop: str, model: Path, n: int) -> float:
    """Return how long a loop over n records takes, starting with a pickled model."""
    fresh = pickle.loads(model.read_bytes())
    samples = phishing()
    records = [samples[number % len(samples)] for number in range(n)]
    started = time.perf_counter()
    LOOPS[loop](fresh, records)
    return time.perf_counter() - started


def main() -> None:
    """Answer requests on standard input, a JSON list of the arguments of `seconds` a line."""
    for line in sys.stdin:
        loop, model, n = json.loads(line)
        print(seconds(loop, Path(model), n), flush=True)


if __name__ == "__main__":
    main()
