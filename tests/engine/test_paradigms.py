"""What newer paradigms have the engine do: learns without a truth, late labels, recorded predictions."""

import contextlib
import datetime as dt
import time
from typing import Any

import msgspec
import pytest
from django.utils import timezone
from river import (
    anomaly,
    bandit,
    feature_extraction,
    linear_model,
    preprocessing,
    reco,
    stats,
    time_series,
    utils,
)

from models_app.domain import blobs, learns
from models_app.domain.errors import InvalidGroundTruth, InvalidRequest, ModelRaised, PredictionNotPending
from models_app.engine import members
from models_app.engine.commands import Export, Inspect, LearnFeatures, Predict, PredictInDetail
from models_app.engine.ports import Learned, Predicted
from models_app.models import JournalSegment, PendingPrediction
from models_app.paradigms.base import Paradigm
from models_app.paradigms.registry import get_flavor
from models_app.paradigms.timed import Timed
from models_app.paradigms.timed import of as timed_paradigm
from models_app.services.uploading import upload_model
from tests.engine.conftest import MakeEngine, Recorder, learn, learn_by_id, predict, submit_all
from tests.engine.models import HalfCharacter, Reticent
from tests.storages import OurStorage


@pytest.fixture
def serve(storage: OurStorage) -> Any:
    """Serve a model under a flavor of its own."""

    def put(model: object, flavor: str, name: str = "model") -> str:
        data = blobs.dumps(model)
        return upload_model(data=data, name=name, now=timezone.now(), flavor=flavor).name

    return put


def detector() -> object:
    return preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(seed=1)


def asked(name: str, prediction_id: str | None = None, **members: Any) -> Predict:
    command = Predict(name, msgspec.json.encode(members), members, prediction_id, time.time())
    command.has_members = True
    return command


def taught(name: str, ground_truth: Any, **members: Any) -> LearnFeatures:
    command = LearnFeatures(name, msgspec.json.encode(members), members, ground_truth, time.time())
    command.has_members = True
    return command


class TestATurnThatIsTakenAgain:
    """Its model was replaced meanwhile: it is asked as the new one is asked."""

    @pytest.mark.parametrize("before", ["transform", "bandit", "regression"])
    @pytest.mark.parametrize("timed", [True, False])
    def test_asks_as_if_it_were_the_first(self, before: str, timed: bool) -> None:
        by_time = time_rolling()
        flavors = [get_flavor(before), timed_paradigm(get_flavor("regression"), by_time)]
        t = {"t": "2026-03-01"} if timed else {}
        command: Any = asked("model", features={"a": 1.0}, **t) if timed else predict("model", {"a": 1.0})

        for flavor in (*flavors, flavors[1]):
            with contextlib.suppress(InvalidRequest):
                members.take(command, flavor)

        text = command.text.replace(b" ", b"")
        assert text == (b'[{"a":1.0},"2026-03-01"]' if timed else b'{"a":1.0}')
        assert command.x == (Timed({"a": 1.0}, "2026-03-01") if timed else {"a": 1.0})
        with contextlib.suppress(InvalidRequest):
            members.take(command, get_flavor("transform"))
        assert command.x == {"features": {"a": 1.0}, **t}
        assert not timed or isinstance(refusal_of(command, get_flavor("regression")), InvalidRequest)

    @pytest.mark.parametrize("before", ["transform", "bandit", "recommendation"])
    def test_asks_a_model_with_the_features_alone_that_takes_these(self, before: str) -> None:
        command = predict("model", {"a": 1.0})

        for flavor in (before, "multilabel"):
            with contextlib.suppress(InvalidRequest):
                members.take(command, get_flavor(flavor))

        assert command.x == {"a": 1.0}
        assert command.text.replace(b" ", b"") == b'{"a":1.0}'


class TestAMoment:
    def test_is_in_the_journal_and_in_the_events_with_the_features(
        self, make_engine: MakeEngine, serve: Any
    ) -> None:
        serve(time_rolling(), "regression")
        recorder = Recorder()
        engine = make_engine(recorder)
        t = {"t": "2026-03-01"}

        submit_all(engine, [asked("model", "1", features={"a": 1.0}, **t), learn_by_id("1", 2.0)])
        submit_all(engine, [taught("model", 2.0, features={"a": 1.0}, **t)])

        heard = [event for event in recorder.events if isinstance(event, Predicted | Learned)]
        assert [event.features for event in heard] == [b'{"features":{"a":1.0},"t":"2026-03-01"}'] * 3
        [first], [second] = (learns.decode(row.learns) for row in JournalSegment.objects.order_by("pk"))
        assert {bytes(first.features), bytes(second.features)} == {b'[{"a":1.0},"2026-03-01"]'}
        assert first.x() == second.x() == {"a": 1.0}


def time_rolling() -> Any:
    lately = utils.TimeRolling(stats.Mean, period=dt.timedelta(days=1))
    return feature_extraction.TargetAgg(by="a", how=lately) | linear_model.LinearRegression()


def refusal_of(command: Any, flavor: Paradigm) -> Exception | None:
    try:
        members.take(command, flavor)
    except InvalidRequest as refusal:
        return refusal
    return None


class TestWithoutATruth:
    def test_a_model_learns_from_features_alone(self, make_engine: MakeEngine, serve: Any) -> None:
        serve(detector(), "anomaly")
        engine, x = make_engine(), {"a": 1.0}

        assert submit_all(engine, [learn("model", x, None), learn("model", x, None)]) == [1, 2]

    def test_one_that_needs_it_learns_nothing(self, make_engine: MakeEngine, serve: Any) -> None:
        serve(linear_model.LinearRegression(), "regression")
        engine, x = make_engine(), {"a": 1.0}

        refused = submit_all(
            engine, [learn("model", x, None), learn("model", x, {"a": 1}), learn("model", x, 1.0)]
        )

        assert isinstance(refused[0], InvalidRequest)
        assert refused[0].message == {"ground_truth": ["required field"]}
        assert isinstance(refused[1], InvalidRequest | InvalidGroundTruth)
        assert refused[2] == 1

    def test_an_id_is_learned_once_where_no_label_is_to_come(
        self, make_engine: MakeEngine, serve: Any
    ) -> None:
        serve(preprocessing.StandardScaler(), "transform")
        engine = make_engine()
        submit_all(engine, [predict("model", {"a": 1.0}, "1")])

        learned, *again = submit_all(
            engine, [learn_by_id("1", None), learn_by_id("1", 1.0), learn_by_id("1", None)]
        )

        assert learned == 1
        assert all(isinstance(one, PredictionNotPending) for one in again)
        assert not PendingPrediction.objects.exists()

    def test_an_id_is_learned_once_and_its_label_is_scored_later(
        self, make_engine: MakeEngine, serve: Any
    ) -> None:
        serve(detector(), "anomaly")
        recorder = Recorder()
        engine = make_engine(recorder)
        submit_all(engine, [predict("model", {"a": 1.0}, "1")])

        first, second = submit_all(engine, [learn_by_id("1", None)]) + submit_all(
            engine, [learn_by_id("1", None)]
        )
        pending = PendingPrediction.objects.get()
        label = submit_all(engine, [learn_by_id("1", True)])
        (vitals,) = submit_all(engine, [Inspect("model")])

        assert first == 1
        assert isinstance(second, PredictionNotPending)
        assert pending.is_learned
        assert label == [2]
        assert not PendingPrediction.objects.exists()
        assert vitals.seq == 2
        assert [type(event) for event in recorder.events] == [Predicted, Learned, Learned]

    def test_a_restart_tells_labels_and_learns_apart(self, make_engine: MakeEngine, serve: Any) -> None:
        serve(detector(), "anomaly")
        engine = make_engine()
        for number in range(20):
            x = {"a": float(number % 7)}
            submit_all(engine, [predict("model", x, str(number))])
            submit_all(engine, [learn_by_id(str(number), None)])
            submit_all(engine, [learn_by_id(str(number), number % 7 == 6)])
        answers = submit_all(engine, [predict("model", {"a": 6.0}), Inspect("model")])

        again = submit_all(make_engine(), [predict("model", {"a": 6.0}), Inspect("model")])

        assert again[0] == answers[0]
        assert (again[1].seq, again[1].metrics) == (40, answers[1].metrics)

    def test_an_unknown_id_is_not_pending(self, make_engine: MakeEngine, serve: Any) -> None:
        serve(detector(), "anomaly")

        (refused,) = submit_all(make_engine(), [learn_by_id("none", None, "model")])

        assert isinstance(refused, PredictionNotPending)

    def test_an_id_that_was_learned_lacks_it_first_where_it_is_needed(
        self, make_engine: MakeEngine, serve: Any
    ) -> None:
        serve(linear_model.LinearRegression(), "regression")
        engine = make_engine()
        submit_all(engine, [predict("model", {"a": 1.0}, "1"), learn_by_id("1", 2.0)])

        (refused,) = submit_all(engine, [learn_by_id("1", None)])

        assert refused.message == {"ground_truth": ["required field"]}


class TestMembers:
    def test_are_refused_by_name_where_the_flavor_takes_none(
        self, make_engine: MakeEngine, serve: Any
    ) -> None:
        serve(linear_model.LinearRegression(), "regression")
        engine = make_engine()

        refused = submit_all(engine, [asked("model", horizon=3), taught("model", 1.0, features={}, user=1)])

        assert [error.message for error in refused] == [
            {"horizon": ["not taken by the flavor 'regression'"], "features": ["required field"]},
            {"user": ["not taken by the flavor 'regression'"]},
        ]

    def test_another_flavor_s_model_learns_what_it_can_be_asked_with(
        self, make_engine: MakeEngine, serve: Any
    ) -> None:
        serve(linear_model.LinearRegression(), "regression", "line")
        serve(bandit.RandomPolicy(seed=1), "bandit", "policy")
        engine = make_engine()
        submit_all(engine, [asked("policy", "1", arms=["a", "b"]), predict("line", {"a": 1.0}, "2")])

        (refused,) = submit_all(engine, [learn_by_id("1", 1.0, "line")])

        assert isinstance(refused, InvalidRequest)
        assert "arms" in refused.message
        assert submit_all(engine, [learn_by_id("2", 1.0, "line")]) == [1]

    def test_beside_options_are_refused_and_leave_nothing_pending(
        self, make_engine: MakeEngine, serve: Any
    ) -> None:
        serve(linear_model.LinearRegression(), "regression")
        command = PredictInDetail(asked("model", "1", features={}, horizon=3), ("explanation",))

        (refused,) = submit_all(make_engine(), [command])

        assert refused.message == {"horizon": ["not taken by the flavor 'regression'"]}
        assert not PendingPrediction.objects.exists()

    def test_that_asked_for_a_ranking_await_the_item_that_was_taken(
        self, make_engine: MakeEngine, serve: Any
    ) -> None:
        serve(reco.BiasedMF(seed=1), "recommendation")
        engine = make_engine()
        submit_all(engine, [asked("model", "1", user="ann", items=["a", "b"])])

        (refused,) = submit_all(engine, [learn_by_id("1", 4.5)])

        assert isinstance(refused, InvalidGroundTruth)
        assert "the item that was taken" in refused.message["ground_truth"][0]  # type: ignore[index]
        assert submit_all(engine, [learn_by_id("1", "a")]) == [2]


class TestOptions:
    @pytest.mark.parametrize(
        ("model", "kind", "reason"),
        [
            (Reticent(), ModelRaised, "no interval"),
            (linear_model.LinearRegression(), InvalidRequest, "options"),
        ],
    )
    def test_that_cannot_be_answered_leave_nothing_pending(
        self, make_engine: MakeEngine, serve: Any, model: object, kind: type[Exception], reason: str
    ) -> None:
        serve(model, "regression")
        engine = make_engine()

        (refused,) = submit_all(engine, [PredictInDetail(predict("model", {"a": 1.0}, "1"), ("interval",))])

        assert isinstance(refused, kind)
        assert reason in str(refused)
        assert not PendingPrediction.objects.exists()
        assert submit_all(engine, [learn("model", {"a": 1.0}, 1.0)]) == [1]


class TestRecordedPredictions:
    def test_are_records_where_nothing_is_scored(self, make_engine: MakeEngine) -> None:
        data = blobs.dumps(bandit.EpsilonGreedy(epsilon=0.3, seed=7))
        upload_model(data=data, name="model", now=timezone.now(), flavor="bandit", metrics=["none"])
        engine = make_engine()
        pulled = [submit_all(engine, [asked("model", arms=["a", "b", "c"])])[0] for _ in range(8)]
        (vitals,) = submit_all(engine, [Inspect("model")])

        (restored,) = submit_all(make_engine(), [Inspect("model")])

        assert len({pull["arm"] for _, pull in pulled}) > 1
        assert (vitals.seq, vitals.metrics) == (restored.seq, restored.metrics) == (8, {})

    @pytest.mark.parametrize("prediction_id", [None, "1"])
    def test_that_cannot_be_kept_have_changed_nothing(
        self, make_engine: MakeEngine, serve: Any, prediction_id: str | None
    ) -> None:
        serve(HalfCharacter(), "bandit")
        engine = make_engine()
        ((_, first),) = submit_all(engine, [asked("model", arms=["a"])])

        (refused,) = submit_all(engine, [asked("model", prediction_id, arms=["odd"])])

        assert isinstance(refused, ModelRaised)
        assert not PendingPrediction.objects.exists()
        ((_, second),) = submit_all(engine, [asked("model", arms=["a"])])
        assert (first["arm"], second["arm"]) == ("1", "2")
        (served,) = submit_all(engine, [Export("model")])
        assert blobs.loads(served).n_pulls == 2

    def test_are_pulled_again_after_a_restart(self, make_engine: MakeEngine, serve: Any) -> None:
        serve(bandit.EpsilonGreedy(epsilon=0.3, seed=7), "bandit")
        engine = make_engine()
        for number in range(30):
            ((_, pulled),) = submit_all(engine, [asked("model", str(number), arms=["a", "b", "c"])])
            submit_all(engine, [learn_by_id(str(number), float(pulled["arm"] == "b"))])
        after = submit_all(engine, [Inspect("model")])[0]

        again = make_engine()
        restored = submit_all(again, [Inspect("model")])[0]
        next_pulls = [submit_all(again, [asked("model", arms=["a", "b", "c"])])[0] for _ in range(5)]

        assert (restored.seq, restored.metrics) == (after.seq, after.metrics)
        assert all(pull[1]["arm"] in "abc" for pull in next_pulls)

    def test_a_forecast_with_an_id_is_scored_by_what_comes(self, make_engine: MakeEngine, serve: Any) -> None:
        serve(time_series.SNARIMAX(p=2, d=0, q=0), "forecasting")
        engine = make_engine()
        for number in range(10):
            submit_all(engine, [taught("model", float(number))])
        submit_all(engine, [asked("model", "f", horizon=2)])
        submit_all(engine, [taught("model", 10.0), taught("model", 11.0)])
        vitals = submit_all(engine, [Inspect("model")])[0]

        restored = submit_all(make_engine(), [Inspect("model")])[0]

        assert (restored.seq, restored.metrics) == (vitals.seq, vitals.metrics) == (13, vitals.metrics)
