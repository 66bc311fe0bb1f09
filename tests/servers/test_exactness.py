"""Predictions and metrics over HTTP are those of a bare River loop, to the last bit."""

import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from river import datasets, feature_extraction, forest, linear_model, naive_bayes, preprocessing, tree

from models_app.domain import blobs
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.folds import Fold, state_of
from tests.servers.launchers import ForkServer
from tests.servers.servers import Server
from tests.servers.uploads import Uploads

N_SAMPLES = 200
#: A ground truth comes after so many other predictions, at the most.
MAX_DELAY = 60


@dataclass(frozen=True, slots=True)
class Case:
    """A model and what it is to predict."""

    flavor: str
    model: Any
    samples: list[tuple[Any, Any]]


def messages() -> Iterator[tuple[str, bool]]:
    """Make up short messages, and say which of them nobody wants."""
    rng = random.Random(7)
    wanted = "lunch tomorrow meeting notes thanks see you the report train".split()
    unwanted = "win prize free money now click cheap offer the you".split()
    while True:
        is_spam = rng.random() < 0.4
        words = rng.choices(unwanted if is_spam else wanted, k=rng.randint(0, 8))
        yield " ".join([*words, *rng.choices(wanted + unwanted, k=2)]), is_spam


def take(samples: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    return list(itertools.islice(samples, N_SAMPLES))


CASES = {
    "binary": lambda uploads: Case(
        "binary",
        preprocessing.StandardScaler() | linear_model.LogisticRegression(),
        take(datasets.Phishing()),
    ),
    "regression": lambda uploads: Case(
        "regression",
        preprocessing.StandardScaler() | linear_model.LinearRegression(intercept_lr=0.1),
        take(datasets.TrumpApproval()),
    ),
    "multiclass": lambda uploads: Case(
        "multiclass", tree.HoeffdingTreeClassifier(grace_period=30), take(datasets.ImageSegments())
    ),
    "random forest": lambda uploads: Case(
        "multiclass", forest.ARFClassifier(n_models=3, seed=1), take(datasets.ImageSegments())
    ),
    "text": lambda uploads: Case(
        "binary",
        feature_extraction.BagOfWords(lowercase=True) | naive_bayes.MultinomialNB(alpha=1),
        take(messages()),
    ),
    "functions": lambda uploads: Case(
        "regression", uploads.load("functions"), take(datasets.TrumpApproval())
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, uploads: Uploads) -> Case:
    made: Case = CASES[request.param](uploads)
    return made


def delayed(n_samples: int, rng: random.Random) -> list[tuple[str, int]]:
    """Return which samples are predicted and learned, in an order where ground truths come late and mixed."""
    moments = [(float(number), "predict", number) for number in range(n_samples)]
    moments += [(number + rng.uniform(0.5, MAX_DELAY), "learn", number) for number in range(n_samples)]
    return [(what, number) for _, what, number in sorted(moments)]


def as_answered(prediction: Any) -> Any:
    """Return a prediction with its labels as the names of JSON members."""
    if not isinstance(prediction, dict):
        return prediction
    names = {True: "true", False: "false"}
    return {names.get(label, label): share for label, share in prediction.items()}


class Pair:
    """A server and a bare loop that do the same; each prediction is compared at once."""

    def __init__(self, case: Case, client: Client) -> None:
        self._case = case
        self._fold = Fold(blobs.loads(blobs.dumps(case.model)), case.flavor)
        self._predict_one = getattr(
            self._fold.model, "predict_one" if case.flavor == "regression" else "predict_proba_one"
        )
        self._pending: dict[int, Any] = {}
        client.init(case.flavor)
        client.upload(blobs.dumps(case.model), "model")

    def step(self, client: Client, what: str, number: int) -> None:
        """Predict a sample, or learn its ground truth."""
        x, y = self._case.samples[number]
        if what == "predict":
            answer = client.predict(features=x, id=number)
            self._pending[number] = self._predict_one(x)
            assert answer.status == 201
            assert answer.json["prediction"] == as_answered(self._pending[number])
        else:
            answer = client.learn(id=number, ground_truth=y)
            self._fold.learn(x, y, self._pending.pop(number))
            assert answer.status == 201

    def compare(self, client: Client) -> None:
        """Compare the metrics and the models."""
        assert client.metrics() == client.metrics("model") == self._fold.scores.values()
        assert state_of(blobs.loads(client.download("model"))) == state_of(self._fold.model)


class TestOverHttp:
    def test_everything_is_as_in_a_bare_loop(self, client: Client, case: Case) -> None:
        pair = Pair(case, client)

        for what, number in delayed(len(case.samples), random.Random(42)):
            pair.step(client, what, number)

        pair.compare(client)

    def test_restarts_in_the_middle_change_nothing(self, start: Start, forks: ForkServer, case: Case) -> None:
        server = start(launcher=forks, SNAPSHOT_MIN_SECONDS="0.01")
        steps = delayed(len(case.samples), random.Random(43))
        client = server.client()
        pair = Pair(case, client)

        for position, (what, number) in enumerate(steps):
            if position in (len(steps) // 3, len(steps) // 2):
                client.close()
                server.restart(clean=position == len(steps) // 3)
                client = server.client()
            pair.step(client, what, number)

        pair.compare(client)
        client.close()

    def test_features_are_scored_before_they_are_learned(self, client: Client, case: Case) -> None:
        pair = Fold(blobs.loads(blobs.dumps(case.model)), case.flavor)
        predict_one = getattr(
            pair.model, "predict_one" if case.flavor == "regression" else "predict_proba_one"
        )
        client.init(case.flavor)
        client.upload(blobs.dumps(case.model), "model")

        for x, y in case.samples[:100]:
            assert client.learn(features=x, ground_truth=y).status == 201
            pair.learn(x, y, predict_one(x))

        assert client.metrics() == pair.scores.values()
        assert state_of(blobs.loads(client.download("model"))) == state_of(pair.model)


class TestSeveralModels:
    def test_share_the_metrics_of_the_instance_in_the_order_of_their_learns(
        self, server: Server, client: Client
    ) -> None:
        samples = take(datasets.Phishing())
        folds = {
            "linear": Fold(preprocessing.StandardScaler() | linear_model.LogisticRegression(), "binary"),
            "tree": Fold(tree.HoeffdingTreeClassifier(grace_period=20), "binary"),
        }
        together = Fold(None, "binary").scores
        client.init("binary")
        for name, fold in folds.items():
            client.upload(fold.model, name)
        rng = random.Random(1)

        for x, y in samples:
            name = rng.choice(list(folds))
            prediction = folds[name].model.predict_proba_one(x)
            client.learn(features=x, ground_truth=y, model=name)
            folds[name].learn(x, y, prediction)
            together.update(y, prediction)

        assert client.metrics() == together.values()
        for name, fold in folds.items():
            assert client.metrics(name) == fold.scores.values()
            assert server.database.seq(name) == fold.seq
