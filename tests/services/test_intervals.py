"""Intervals that were asked for: kept with the prediction, and scored when the ground truth comes."""

import time
from typing import Any

import msgspec
import pytest
from river import conf, linear_model, preprocessing, stats

from models_app.admin import rendering
from models_app.domain import learns
from models_app.domain.intervals import IntervalPrediction
from models_app.engine.commands import PredictInDetail
from models_app.models import JournalSegment, PendingPrediction
from models_app.services import snapshotting, verifying
from models_app.wire.commands import predict_command
from tests.services.instances import Instance
from tests.services.test_replaying import replay
from tests.services.test_rolling_back import figures, roll_back

X = {"a": 1.5}


def jackknife() -> Any:
    return preprocessing.StandardScaler() | conf.RegressionJackknife(linear_model.LinearRegression())


def asked(prediction_id: str, x: dict[str, float], *options: str) -> PredictInDetail:
    command = predict_command(
        features_json=msgspec.json.encode(x), prediction_id=prediction_id, model="model", now=time.time()
    )
    return PredictInDetail(command, options)


def learn(instance: Instance, numbers: range) -> None:
    for number in numbers:
        instance._ask(asked("1", {"a": float(number % 7)}, "interval"))
        instance.learn("1", float(number % 5))


def predicted(generation: int) -> list[Any]:
    """Return the predictions in the journal, with their ground truths."""
    rows = JournalSegment.objects.filter(generation=generation).order_by("first_seq")
    records = [learn for text in rows.values_list("learns", flat=True) for learn in learns.decode(text)]
    return [(learn.y_pred(), learn.ground_truth) for learn in records]


@pytest.fixture
def served(instance: Instance) -> Instance:
    instance.init("regression")
    instance.upload("model", jackknife())
    return instance


class TestAnInterval:
    def test_is_kept_unseen_until_the_ground_truth_comes(self, served: Instance) -> None:
        learn(served, range(20))
        _, answered, details = served._ask(asked("2", X, "explanation", "interval"))

        pending = PendingPrediction.objects.get()
        kept = learns.decode_prediction(pending.prediction)

        assert isinstance(kept, IntervalPrediction)
        assert (kept, kept.lower, kept.upper) == (
            answered, details["interval"]["lower"], details["interval"]["upper"],
        )  # fmt: skip
        assert type(answered) is float
        shown = rendering.prediction(learns.encode_prediction(answered), pending.model)
        assert rendering.prediction(pending.prediction, pending.model) == shown

    def test_that_nobody_asked_for_is_not_kept(self, served: Instance) -> None:
        served._ask(asked("2", X, "explanation"))
        served.predict("3", "model", **X)

        kept = [learns.decode_prediction(row.prediction) for row in PendingPrediction.objects.all()]

        assert [type(prediction) for prediction in kept] == [float, float]

    def test_leads_to_the_same_metrics_by_the_journal(self, served: Instance) -> None:
        learn(served, range(10))
        snapshotting.take_snapshot(name="model")
        learn(served, range(10, 30))
        before = figures()
        assert before.metrics["IntervalCoverage"] not in (None, 0.0, 1.0)

        verified = verifying.verify_model(name="model")
        roll_back(10)
        replay()

        assert verified.is_equal
        assert figures() == before

    def test_is_asked_for_again_where_predictions_are_made_anew(self, served: Instance) -> None:
        learn(served, range(10))
        snapshotting.take_snapshot(name="model")
        learn(served, range(10, 12))
        served.predict("3", "model", **X)
        served.learn("3", 4.0)
        roll_back(10)

        replay(scores_answers=False)

        again = [y_pred for y_pred, _ in predicted(2)]
        assert [type(y_pred) for y_pred in again] == [IntervalPrediction, IntervalPrediction, float]
        assert [(y.lower, y.upper) for y in again[:2]] == [(y.lower, y.upper) for y, _ in predicted(1)[10:12]]

    def test_is_of_the_last_learns_where_these_are_asked_for(self, served: Instance) -> None:
        learn(served, range(1_050))

        last = stats.Mean()
        for y_pred, y_true in predicted(1)[-1_000:]:
            last.update(y_pred.lower <= y_true <= y_pred.upper)
        found = figures()

        assert found.rolling["IntervalCoverage"] == pytest.approx(last.get())
        assert found.rolling["IntervalCoverage"] != found.metrics["IntervalCoverage"]


def test_models_without_intervals_have_no_such_metrics(served: Instance) -> None:
    served.upload("plain", linear_model.LinearRegression())

    assert list(figures("plain").metrics) == ["MAE", "RMSE", "SMAPE"]
