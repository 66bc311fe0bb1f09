import math
import pickle
import random

import pytest
from river import metrics

from models_app.domain import scoring
from models_app.domain.errors import InvalidRequest
from models_app.domain.scoreboards import Scoreboard
from models_app.domain.scoring import Scorer
from models_app.paradigms import chosen_metrics
from models_app.paradigms.base import Paradigm
from models_app.paradigms.chosen_metrics import available, kinds
from models_app.paradigms.registry import FLAVORS

# Of others it is the flavor that says what a metric is updated with.
PLAIN = [flavor for flavor in FLAVORS.values() if flavor.pairs is None]
EVERY = [(flavor, name) for flavor in PLAIN for name in available(flavor)]


class TestKinds:
    def test_have_each_metric_once(self) -> None:
        chosen = kinds(["ROCAUC", "Accuracy", "ROCAUC"], FLAVORS["binary"])

        assert [kind.__name__ for kind in chosen] == [
            "Accuracy", "LogLoss", "Precision", "Recall", "F1", "ROCAUC",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("flavor", "names"),
        [
            ("multioutput", ["MicroAverage(MSE)", "MacroAverage(R2)"]),
            ("multilabel", ["MacroAverage(F1)", "SampleAverage(Accuracy)"]),
            ("anomaly", ["PrecisionAt(0.9)", "RecallAt(0.9)", "F1At(0.5)"]),
            ("supervised_anomaly", ["PrecisionAt(3.0)"]),
            ("clustering", ["Rand", "Homogeneity"]),
        ],
    )
    def test_may_have_a_parameter(self, flavor: str, names: list[str]) -> None:
        own = FLAVORS[flavor].metrics

        chosen = kinds([*names, *names], FLAVORS[flavor])

        assert chosen[: len(own)] == own
        boards = (
            scoring.new_metrics(chosen),
            scoring.new_metrics([scoring.kind_of(kind()) for kind in chosen]),
        )
        assert all([scoring.name_of(metric) for metric in board][len(own) :] == names for board in boards)

    @pytest.mark.parametrize(
        ("flavor", "names", "reason"),
        [
            (
                "regression",
                ["Elegance"],
                "'Elegance' is no metric of river.metrics: choose another for the flavor 'regression'",
            ),
            ("regression", ["base"], "'base' does not fit"),
            ("regression", ["ROCAUC"], "'ROCAUC' does not fit the flavor 'regression', which can have: MAPE"),
            ("multiclass", ["LogLoss"], "'LogLoss' does not fit"),
            ("binary", ["FBeta"], "'FBeta' does not fit"),
            ("multiclass", ["ConfusionMatrix"], "'ConfusionMatrix' does not fit"),
            (
                "multioutput",
                ["MAE"],
                "'MAE' does not fit the flavor 'multioutput', which can have: MicroAverage(...), ",
            ),
            ("multioutput", ["MicroAverage(F1)"], "'MicroAverage(F1)' does not fit the flavor 'multioutput'"),
            ("multioutput", ["MicroAverage(Elegance)"], "'MicroAverage(Elegance)' is no metric"),
            ("multioutput", ["SampleAverage(MAE)"], "'SampleAverage(MAE)' does not fit"),
            ("multilabel", ["MicroAverage(ROCAUC)"], "'MicroAverage(ROCAUC)' does not fit"),
            ("regression", ["MicroAverage(MAE)"], "'MicroAverage(MAE)' does not fit"),
            ("regression", ["MAE(MAE(MAE))"], "'MAE(MAE(MAE))' is no metric"),
            ("anomaly", ["PrecisionAt(high)"], "'PrecisionAt(high)' does not fit"),
            ("anomaly", ["ScoreQuantile(2)"], "'ScoreQuantile(2)' does not fit"),
            ("anomaly", ["PrecisionAt(nan)"], "'PrecisionAt(nan)' does not fit"),
            ("anomaly", ["Elegance"], "'Elegance' is no metric of river.metrics: choose another"),
            ("binary", ["none", "MCC"], "'none' cannot be combined with metrics"),
        ],
    )
    def test_refuse_by_name_what_does_not_fit(self, flavor: str, names: list[str], reason: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            kinds(names, FLAVORS[flavor])

        message = refusal.value.message
        assert isinstance(message, dict)
        assert message[chosen_metrics.FIELD][0].startswith(reason)


class TestEveryMetric:
    """Whatever can be chosen gives what it gives in River, alone."""

    @pytest.mark.parametrize(("flavor", "name"), EVERY, ids=[f"{f.name}-{n}" for f, n in EVERY])
    def test_gives_what_it_gives_alone(self, flavor: object, name: str) -> None:
        assert isinstance(flavor, Paradigm)
        board = Scoreboard.new(kinds([name], flavor))
        alone = getattr(metrics, name)()
        scorer, rng = Scorer(board.metrics), random.Random(1)
        labels: list[object] = [False, True] if flavor.name == "binary" else ["a", "b", "c"]

        for number in range(300):
            y_true, y_pred = _sample(flavor.name, labels, rng)
            scorer.score(y_true, y_pred)  # type: ignore[arg-type]
            best = max(y_pred, key=y_pred.__getitem__) if isinstance(y_pred, dict) else y_pred
            alone.update(y_true, best if getattr(alone, "requires_labels", False) else y_pred)
            if number % 70 == 0:
                board.window.add(scorer.take())
                board = pickle.loads(pickle.dumps(board))
                scorer = Scorer(board.metrics)
        board.window.add(scorer.take())

        expected = float(alone.get())
        assert scoring.values(board.metrics)[name] == pytest.approx(expected, rel=1e-12)
        rolling = board.window.values([type(metric) for metric in board.metrics])[name]
        assert rolling == pytest.approx(expected, rel=1e-12)
        assert math.isfinite(expected)


def _sample(flavor: str, labels: list[object], rng: random.Random) -> tuple[object, object]:
    if flavor == "regression":
        return rng.random() + 1, rng.random() + 1
    weights = [rng.random() for _ in labels]
    y_pred = {label: weight / sum(weights) for label, weight in zip(labels, weights, strict=True)}
    return rng.choice(labels), y_pred
