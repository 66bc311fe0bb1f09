"""Models that are served read-only: scored and journaled like others, and never taught."""

from typing import Any

import pytest
from django.utils import timezone
from river import cluster, forest, linear_model, time_series

from models_app.domain import blobs
from models_app.domain.errors import InvalidRequest
from models_app.engine.commands import Export, Inspect
from models_app.models import PendingPrediction, Snapshot
from models_app.services.rolling_back import roll_back
from models_app.services.uploading import upload_model
from models_app.services.verifying import verify_model
from tests.engine.conftest import MakeEngine, learn, learn_by_id, predict, submit_all
from tests.engine.test_paradigms import asked, taught
from tests.own_models import Frozen
from tests.storages import OurStorage


@pytest.fixture
def serve(storage: OurStorage) -> Any:
    """Serve a model read-only."""

    def put(model: object, flavor: str = "regression", name: str = "model", **options: Any) -> bytes:
        data = blobs.dumps(model)
        options = {"is_read_only": True, **options}
        upload_model(data=data, name=name, now=timezone.now(), flavor=flavor, **options)
        return data

    return put


def trained() -> linear_model.LinearRegression:
    model = linear_model.LinearRegression()
    for number in range(20):
        model.learn_one({"x": float(number % 5)}, 2.0 * (number % 5))
    return model


class TestLearns:
    def test_score_and_leave_the_model_as_it_was_uploaded(self, make_engine: MakeEngine, serve: Any) -> None:
        serve(model := trained())
        engine, expected = make_engine(), model.predict_one({"x": 3.0})
        submit_all(engine, [predict("model", {"x": 3.0}, "1")])

        learned = submit_all(engine, [learn_by_id("1", 5.0), learn("model", {"x": 3.0}, 7.0)])
        vitals, (_, now), data = submit_all(
            engine, [Inspect("model"), predict("model", {"x": 3.0}), Export("model")]
        )

        assert learned == [1, 2]
        assert now == expected
        assert blobs.loads(data).weights == model.weights
        assert vitals.metrics["MAE"] == (abs(5.0 - expected) + abs(7.0 - expected)) / 2
        assert not PendingPrediction.objects.exists()

    def test_of_a_model_without_learn_one_are_the_same_after_a_restart(
        self, make_engine: MakeEngine, serve: Any
    ) -> None:
        serve(Frozen(2.0))
        engine = make_engine()
        for number in range(10):
            submit_all(engine, [predict("model", {"x": float(number)}, str(number))])
            submit_all(engine, [learn_by_id(str(number), 2.0 * number + number % 3)])
        (before,) = submit_all(engine, [Inspect("model")])

        after, (_, answer) = submit_all(make_engine(), [Inspect("model"), predict("model", {"x": 4.0})])

        assert (after.seq, after.metrics, answer) == (10, before.metrics, 8.0)
        assert after.metrics["MAE"] == pytest.approx(0.9)
        assert after.is_replayable
        verification = verify_model(name="model")
        assert (verification.differences, verification.seq) == ((), 10)

    def test_go_on_after_a_rollback(self, make_engine: MakeEngine, serve: Any) -> None:
        serve(Frozen(2.0))
        submit_all(make_engine(), [learn("model", {"x": 1.0}, 9.0)])

        roll_back(name="model", seq=0, now=timezone.now())

        engine = make_engine()
        assert submit_all(engine, [learn("model", {"x": 1.0}, 3.0)]) == [1]
        (vitals,) = submit_all(engine, [Inspect("model")])
        assert vitals.metrics["MAE"] == 1.0
        assert verify_model(name="model").differences == ()

    def test_still_need_a_ground_truth(self, make_engine: MakeEngine, serve: Any) -> None:
        serve(Frozen(2.0))

        (refused,) = submit_all(make_engine(), [learn("model", {"x": 1.0}, None)])

        assert isinstance(refused, InvalidRequest)
        assert refused.message == {"ground_truth": ["required field"]}

    def test_teach_the_model_that_replaces_it(self, make_engine: MakeEngine, serve: Any) -> None:
        serve(linear_model.LinearRegression())
        engine = make_engine()
        submit_all(engine, [learn("model", {"x": 1.0}, 3.0)])
        frozen = submit_all(engine, [predict("model", {"x": 1.0})])[0][1]

        serve(linear_model.LinearRegression(), is_read_only=False)
        submit_all(engine, [learn("model", {"x": 1.0}, 3.0)])

        assert frozen == 0.0
        assert submit_all(engine, [predict("model", {"x": 1.0})])[0][1] > 0.0


class TestOtherFlavors:
    def test_score_what_they_can_without_a_truth(self, make_engine: MakeEngine, serve: Any) -> None:
        model = cluster.KMeans(n_clusters=2, seed=1)
        for number in range(20):
            model.learn_one({"x": float(number % 2)})
        serve(model, "clustering")
        engine = make_engine()

        learned = submit_all(engine, [learn("model", {"x": 0.5}, None) for _ in range(3)])
        vitals, data = submit_all(engine, [Inspect("model"), Export("model")])

        assert learned == [1, 2, 3]
        assert vitals.metrics["Silhouette"] is not None
        assert blobs.loads(data).centers == model.centers

    def test_score_forecasts_by_what_comes(self, make_engine: MakeEngine, serve: Any) -> None:
        model = time_series.HoltWinters(alpha=0.5)
        for number in range(6):
            model.learn_one(float(number % 3))
        serve(model, "forecasting")
        engine = make_engine()
        (_, forecast) = submit_all(engine, [asked("model", "1", horizon=2)])[0]

        submit_all(engine, [taught("model", 1.0), taught("model", 9.0)])
        vitals, (_, again) = submit_all(engine, [Inspect("model"), asked("model", horizon=2)])

        assert again == forecast
        assert vitals.metrics["MAE[1]"] is not None
        assert verify_model(name="model").differences == ()

    def test_predict_on_copies_where_a_prediction_sets_a_model_up(
        self, make_engine: MakeEngine, serve: Any
    ) -> None:
        data = serve(forest.ARFRegressor(n_models=2, seed=1), "regression")
        engine = make_engine()

        for number in range(5):
            submit_all(engine, [predict("model", {"x": 1.0}), learn("model", {"x": 1.0}, float(number))])
        (now,) = submit_all(engine, [Export("model")])

        assert now == blobs.dumps(blobs.loads(data))
        # From a snapshot after learns, none of which it has learned from.
        engine.stop(seconds=5.0)
        assert Snapshot.objects.filter(seq=5).exists()
        again = submit_all(make_engine(), [predict("model", {"x": 1.0}), Export("model")])
        assert again[1] == now
